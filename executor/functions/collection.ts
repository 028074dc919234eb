/** Constructors and functions of ARRAY, MAP and ROW, and JSON_VALUE. */
import type { FunctionSpec } from '../../catalog/function.ts'
import type { Value } from '../../core/column.ts'
import { MillraceError } from '../../core/errors.ts'
import { BOOLEAN, INT, mapTypes, type SqlType, STRING, withNullability } from '../../core/types.ts'
import { compareValues } from './comparison.ts'
import { define, defineWith } from './define.ts'
import { nullableWith, type ScalarFunction } from './function.ts'

type Pairs = readonly (readonly Value[])[]

/** The binder types these itself; they are functions so that generated code can call them. */
function constructor(
  name: string,
  description: string,
  example: readonly [string, string],
  make: (values: readonly Value[]) => Value,
): ScalarFunction {
  return defineWith(
    {
      name,
      category: 'value construction',
      signatures: [`${name}[…]`],
      description,
      examples: [example],
      strict: false,
    },
    () => undefined,
    () =>
      (...values) =>
        make(values),
  )
}

function pairs(values: readonly Value[]): Value {
  const entries: [Value, Value][] = []
  for (let at = 0; at + 1 < values.length; at += 2) entries.push([values[at] ?? null, values[at + 1] ?? null])
  return entries.filter(([key], index) => !entries.slice(index + 1).some(([later]) => compareValues(key, later) === 0))
}

const ITEM = defineWith(
  {
    name: 'ITEM',
    category: 'collection',
    signatures: ["array '[' index ']'", "map '[' key ']'"],
    description: 'The element at an index (from 1), or the value of a key; NULL where there is none.',
    examples: [['ARRAY[1, 2, 3][2]', '2']],
  },
  (args) => {
    const [collection, index] = args
    if (collection === undefined || index === undefined) return undefined
    if (collection.type.kind === 'ARRAY') {
      if (!['TINYINT', 'SMALLINT', 'INT', 'BIGINT'].includes(index.type.kind)) return undefined
      return {
        argumentTypes: [collection.type, withNullability(INT, index.type.nullable)],
        returnType: withNullability(collection.type.element, true),
      }
    }
    if (collection.type.kind !== 'MAP') return undefined
    return {
      argumentTypes: [collection.type, withNullability(collection.type.key, index.type.nullable)],
      returnType: withNullability(collection.type.value, true),
    }
  },
  (call) => {
    if (call.argumentTypes[0]?.kind === 'MAP') return (map, key) => lookUp(map as Pairs, key ?? null)
    return (array, index) => {
      if ((index as number) < 1)
        throw new MillraceError('INVALID_ARGUMENT', `array index ${String(index)} is not positive`, {
          hint: 'Arrays are counted from 1.',
        })
      return (array as readonly Value[])[(index as number) - 1] ?? null
    }
  },
)

function lookUp(map: Pairs, key: Value): Value {
  return map.find(([candidate]) => compareValues(candidate ?? null, key) === 0)?.[1] ?? null
}

function ofCollection(
  kinds: readonly SqlType['kind'][],
  result: (type: SqlType) => SqlType | undefined,
): FunctionSpec['bind'] {
  return ([arg, more]) => {
    if (arg === undefined || more !== undefined || !kinds.includes(arg.type.kind)) return undefined
    const type = result(arg.type)
    return type === undefined
      ? undefined
      : { argumentTypes: [arg.type], returnType: withNullability(type, arg.type.nullable || type.nullable) }
  }
}

/** (array, element) → a type made from the array's. */
function withElement(
  result: (array: Extract<SqlType, { kind: 'ARRAY' | 'MULTISET' }>) => SqlType,
): FunctionSpec['bind'] {
  return (args) => {
    const [array, element] = args
    if (array?.type.kind !== 'ARRAY' || element === undefined || args.length !== 2) return undefined
    return {
      argumentTypes: [array.type, withNullability(array.type.element, true)],
      returnType: nullableWith(result(array.type), [array]),
    }
  }
}

function collection(
  name: string,
  signature: string,
  description: string,
  example: readonly [string, string],
  bind: FunctionSpec['bind'],
  evaluate: (...args: Value[]) => Value,
  strict = true,
): ScalarFunction {
  return defineWith(
    { name, category: 'collection', signatures: [signature], description, examples: [example], strict },
    bind,
    () => evaluate,
  )
}

function distinct(values: readonly Value[]): Value[] {
  return values.filter((value, index) => values.findIndex((other) => compareValues(other, value) === 0) === index)
}

/** `$.a.b[0]` and `$['a']`. */
function jsonPath(root: unknown, path: string): unknown {
  const steps = path.replace(/^\s*(lax|strict)\s+/, '')
  if (!steps.startsWith('$')) throw new MillraceError('INVALID_ARGUMENT', `JSON path '${path}' does not begin with $`)
  let at: unknown = root
  for (const match of steps.slice(1).matchAll(/\.([\w$-]+)|\[(\d+)\]|\['([^']*)'\]|\["([^"]*)"\]/g)) {
    const key = match[1] ?? match[3] ?? match[4]
    if (at === null || typeof at !== 'object') return undefined
    at =
      key === undefined
        ? (at as unknown[])[Number(match[2])]
        : Object.hasOwn(at, key)
          ? (at as Record<string, unknown>)[key]
          : undefined
  }
  return at
}

function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    return undefined
  }
}

export const COLLECTION_FUNCTIONS: readonly ScalarFunction[] = [
  constructor('ARRAY', 'An array of the values.', ['ARRAY[1, 2]', '[1, 2]'], (values) => [...values]),
  constructor('MAP', 'A map of keys and values in turn.', ["MAP['a', 1]", '{a=1}'], pairs),
  constructor('ROW', 'A row of the values.', ['ROW(1, 2)', '(1, 2)'], (values) => [...values]),
  ITEM,
  collection(
    'CARDINALITY',
    'CARDINALITY(array | map)',
    'The number of elements.',
    ['CARDINALITY(ARRAY[1, 2])', '2'],
    ofCollection(['ARRAY', 'MAP', 'MULTISET'], () => withNullability(INT, false)),
    (value) => (value as readonly Value[]).length,
  ),
  collection(
    'ELEMENT',
    'ELEMENT(array)',
    'The only element of an array.',
    ['ELEMENT(ARRAY[7])', '7'],
    ofCollection(['ARRAY'], (type) => (type.kind === 'ARRAY' ? withNullability(type.element, true) : undefined)),
    (value) => {
      const items = value as readonly Value[]
      if (items.length > 1)
        throw new MillraceError('INVALID_ARGUMENT', `ELEMENT takes arrays of one element, not of ${items.length}`)
      return items[0] ?? null
    },
  ),
  collection(
    'ARRAY_CONTAINS',
    'ARRAY_CONTAINS(array, value)',
    'Whether the value is in the array.',
    ['ARRAY_CONTAINS(ARRAY[1, 2], 2)', 'TRUE'],
    withElement(() => BOOLEAN),
    (array = null, value = null) =>
      array === null ? null : (array as readonly Value[]).some((item) => compareValues(item, value) === 0),
    false,
  ),
  collection(
    'ARRAY_POSITION',
    'ARRAY_POSITION(array, value)',
    'Where the value stands, from 1; 0: nowhere.',
    ['ARRAY_POSITION(ARRAY[5, 6], 6)', '2'],
    withElement(() => INT),
    (array, value) => (array as readonly Value[]).findIndex((item) => compareValues(item, value ?? null) === 0) + 1,
  ),
  collection(
    'ARRAY_APPEND',
    'ARRAY_APPEND(array, value)',
    'The array with a value behind it.',
    ['ARRAY_APPEND(ARRAY[1], 2)', '[1, 2]'],
    withElement((type) => type),
    (array = null, value = null) => (array === null ? null : [...(array as readonly Value[]), value]),
    false,
  ),
  collection(
    'ARRAY_PREPEND',
    'ARRAY_PREPEND(array, value)',
    'The array with a value before it.',
    ['ARRAY_PREPEND(ARRAY[1], 2)', '[2, 1]'],
    withElement((type) => type),
    (array = null, value = null) => (array === null ? null : [value, ...(array as readonly Value[])]),
    false,
  ),
  collection(
    'ARRAY_REMOVE',
    'ARRAY_REMOVE(array, value)',
    'The array without a value.',
    ['ARRAY_REMOVE(ARRAY[1, 2, 1], 1)', '[2]'],
    withElement((type) => type),
    (array = null, value = null) =>
      array === null ? null : (array as readonly Value[]).filter((item) => compareValues(item, value) !== 0),
    false,
  ),
  collection(
    'ARRAY_DISTINCT',
    'ARRAY_DISTINCT(array)',
    'The array without duplicates.',
    ['ARRAY_DISTINCT(ARRAY[1, 1, 2])', '[1, 2]'],
    ofCollection(['ARRAY'], (type) => type),
    (array) => distinct(array as readonly Value[]),
  ),
  collection(
    'ARRAY_REVERSE',
    'ARRAY_REVERSE(array)',
    'The array in the opposite order.',
    ['ARRAY_REVERSE(ARRAY[1, 2])', '[2, 1]'],
    ofCollection(['ARRAY'], (type) => type),
    (array) => [...(array as readonly Value[])].reverse(),
  ),
  collection(
    'ARRAY_MAX',
    'ARRAY_MAX(array)',
    'The largest element.',
    ['ARRAY_MAX(ARRAY[1, 3, 2])', '3'],
    ofCollection(['ARRAY'], (type) => (type.kind === 'ARRAY' ? withNullability(type.element, true) : undefined)),
    (array) =>
      (array as readonly Value[]).reduce<Value>(
        (best, item) => (item !== null && (best === null || compareValues(item, best) > 0) ? item : best),
        null,
      ),
  ),
  collection(
    'ARRAY_MIN',
    'ARRAY_MIN(array)',
    'The smallest element.',
    ['ARRAY_MIN(ARRAY[1, 3, 2])', '1'],
    ofCollection(['ARRAY'], (type) => (type.kind === 'ARRAY' ? withNullability(type.element, true) : undefined)),
    (array) =>
      (array as readonly Value[]).reduce<Value>(
        (best, item) => (item !== null && (best === null || compareValues(item, best) < 0) ? item : best),
        null,
      ),
  ),
  collection(
    'MAP_KEYS',
    'MAP_KEYS(map)',
    'The keys.',
    ["MAP_KEYS(MAP['a', 1])", '[a]'],
    ofCollection(['MAP'], (type) => {
      const types = mapTypes(type)
      return types === undefined ? undefined : { kind: 'ARRAY', element: types.key, nullable: false }
    }),
    (map) => (map as Pairs).map(([key]) => key ?? null),
  ),
  collection(
    'MAP_VALUES',
    'MAP_VALUES(map)',
    'The values.',
    ["MAP_VALUES(MAP['a', 1])", '[1]'],
    ofCollection(['MAP'], (type) => {
      const types = mapTypes(type)
      return types === undefined ? undefined : { kind: 'ARRAY', element: types.value, nullable: false }
    }),
    (map) => (map as Pairs).map(([, value]) => value ?? null),
  ),
  define({
    name: 'SPLIT',
    category: 'collection',
    signatures: ['SPLIT(string, delimiter)'],
    description: 'The parts between the delimiters.',
    examples: [["SPLIT('a,b', ',')", '[a, b]']],
    parameters: ['text', 'text'],
    returns: { kind: 'ARRAY', element: STRING, nullable: true },
    evaluate: ([text, delimiter]) => (text as string).split(delimiter as string),
  }),
  define({
    name: 'JSON_VALUE',
    category: 'json',
    signatures: ['JSON_VALUE(json, path)'],
    description: 'The scalar at a path of a JSON text, as text; NULL where there is none.',
    examples: [[`JSON_VALUE('{"a": true}', '$.a')`, 'true']],
    parameters: ['text', 'text'],
    nullable: true,
    returns: STRING,
    evaluate: ([json, path]) => {
      const parsed = parseJson(json as string)
      const found = parsed === undefined ? undefined : jsonPath(parsed.value, path as string)
      return found === undefined || found === null || typeof found === 'object'
        ? null
        : typeof found === 'string'
          ? found
          : JSON.stringify(found)
    },
  }),
  define({
    name: 'JSON_EXISTS',
    category: 'json',
    signatures: ['JSON_EXISTS(json, path)'],
    description: 'Whether a path of a JSON text leads somewhere.',
    examples: [[`JSON_EXISTS('{"a": true}', '$.a')`, 'TRUE']],
    parameters: ['text', 'text', 'text'],
    minimum: 2,
    returns: BOOLEAN,
    evaluate: ([json, path]) => {
      const parsed = parseJson(json as string)
      return parsed !== undefined && jsonPath(parsed.value, path as string) !== undefined
    },
  }),
  define({
    name: 'IS JSON',
    category: 'json',
    signatures: ['string IS JSON [VALUE | SCALAR | ARRAY | OBJECT]'],
    description: 'Whether the text is JSON.',
    examples: [["'1' IS JSON", 'TRUE']],
    parameters: ['text', 'text'],
    minimum: 1,
    returns: BOOLEAN,
    evaluate: ([json, kind]) => isJson(json as string, (kind ?? 'VALUE') as string),
  }),
  define({
    name: 'IS NOT JSON',
    category: 'json',
    signatures: ['string IS NOT JSON [VALUE | SCALAR | ARRAY | OBJECT]'],
    description: 'Whether the text is not JSON.',
    examples: [["'x' IS NOT JSON", 'TRUE']],
    parameters: ['text', 'text'],
    minimum: 1,
    returns: BOOLEAN,
    evaluate: ([json, kind]) => !isJson(json as string, (kind ?? 'VALUE') as string),
  }),
]

function isJson(text: string, kind: string): boolean {
  const parsed = parseJson(text)
  if (parsed === undefined) return false
  const { value } = parsed
  if (kind === 'ARRAY') return Array.isArray(value)
  if (kind === 'OBJECT') return typeof value === 'object' && value !== null && !Array.isArray(value)
  return kind !== 'SCALAR' || typeof value !== 'object' || value === null
}
