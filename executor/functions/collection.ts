/** Constructors of ARRAY, MAP and ROW, their elements, and what their functions have in common. */
import type { Value } from '../../core/column.ts'
import { MillraceError } from '../../core/errors.ts'
import { INT, STRING, withNullability } from '../../core/types.ts'
import { collection, ofCollection, type Pairs } from './collection-signature.ts'
import { compareValues } from './comparison.ts'
import { define, defineWith } from './define.ts'
import type { ScalarFunction } from './function.ts'

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
]
