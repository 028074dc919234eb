/** Functions of arrays (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/functions/systemfunctions/#collection-functions). */
import type { BoundArgument, FunctionSpec } from '../../catalog/function.ts'
import type { Value } from '../../core/column.ts'
import { BOOLEAN, INT, type SqlType, STRING, withNullability } from '../../core/types.ts'
import { collection, ofCollection, ofCommonType } from './collection-signature.ts'
import { compareValues } from './comparison.ts'
import { nullableWith, type ScalarFunction } from './function.ts'

type Items = readonly Value[]

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

/** Values that were seen, found by their text where they are scalars. */
class ValueSet {
  readonly #scalars = new Set<Value>()
  readonly #others: Value[] = []

  constructor(values: Items = []) {
    for (const value of values) this.add(value)
  }

  has(value: Value): boolean {
    if (value === null || typeof value !== 'object') return this.#scalars.has(value)
    return this.#others.some((other) => compareValues(other, value) === 0)
  }

  /** @returns whether it is new */
  add(value: Value): boolean {
    if (this.has(value)) return false
    if (value === null || typeof value !== 'object') this.#scalars.add(value)
    else this.#others.push(value)
    return true
  }
}

function distinct(values: Items): Value[] {
  const seen = new ValueSet()
  return values.filter((value) => seen.add(value))
}

/** Positions count from 1, negative ones from the end; 0 is 1. Both ends belong to the slice. */
function slice(items: Items, start: number, end: number): Items {
  const place = (position: number): number => (position < 0 ? items.length + position : Math.max(0, position - 1))
  return items.slice(Math.max(0, place(start)), Math.max(0, place(end) + 1))
}

function sorted(items: Items, ascending: boolean, nullsFirst: boolean): Items {
  const nulls = items.filter((item) => item === null)
  const values = items.filter((item) => item !== null).sort(compareValues)
  if (!ascending) values.reverse()
  return nullsFirst ? [...nulls, ...values] : [...values, ...nulls]
}

const INTEGERS: readonly SqlType['kind'][] = ['TINYINT', 'SMALLINT', 'INT', 'BIGINT', 'NULL']
const TEXTS: readonly SqlType['kind'][] = ['CHAR', 'VARCHAR', 'NULL']
const SORTABLE: readonly SqlType['kind'][] = [
  'TINYINT',
  'SMALLINT',
  'INT',
  'BIGINT',
  'DECIMAL',
  'FLOAT',
  'DOUBLE',
  'CHAR',
  'VARCHAR',
  'DATE',
  'TIME',
  'TIMESTAMP',
  'TIMESTAMP_LTZ',
]

/** An array of these elements, and up to two more arguments of one type. */
function withOptions(
  elements: readonly SqlType['kind'][] | undefined,
  kinds: readonly SqlType['kind'][],
  option: SqlType,
  minimum: number,
  result: (array: SqlType) => SqlType,
): FunctionSpec['bind'] {
  return (args) => {
    const [array, ...options] = args
    if (array?.type.kind !== 'ARRAY' || options.length < minimum || options.length > 2) return undefined
    if (elements !== undefined && !elements.includes(array.type.element.kind)) return undefined
    if (!options.every((arg: BoundArgument) => kinds.includes(arg.type.kind))) return undefined
    const optionTypes = options.map((arg) => withNullability(option, arg.type.nullable))
    return { argumentTypes: [array.type, ...optionTypes], returnType: nullableWith(result(array.type), args) }
  }
}

export const ARRAY_FUNCTIONS: readonly ScalarFunction[] = [
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
    'ARRAY_CONCAT',
    'ARRAY_CONCAT(array1 [, array2]*)',
    'The arrays one behind the other; NULL when one of them is NULL.',
    ['ARRAY_CONCAT(ARRAY[1, 2], ARRAY[2, 3])', '[1, 2, 2, 3]'],
    ofCommonType('ARRAY', 1, Infinity),
    (...arrays) => (arrays as readonly Items[]).flat(),
  ),
  collection(
    'ARRAY_UNION',
    'ARRAY_UNION(array1, array2)',
    'The elements of both arrays without duplicates.',
    ['ARRAY_UNION(ARRAY[1, 1, 2], ARRAY[3, 2])', '[1, 2, 3]'],
    ofCommonType('ARRAY', 2),
    (...arrays) => distinct((arrays as readonly Items[]).flat()),
  ),
  collection(
    'ARRAY_INTERSECT',
    'ARRAY_INTERSECT(array1, array2)',
    'The elements of the first array that are in the second too, without duplicates.',
    ['ARRAY_INTERSECT(ARRAY[1, 1, 2], ARRAY[3, 1])', '[1]'],
    ofCommonType('ARRAY', 2),
    (left, right) => {
      const others = new ValueSet(right as Items)
      return distinct(left as Items).filter((value) => others.has(value))
    },
  ),
  collection(
    'ARRAY_EXCEPT',
    'ARRAY_EXCEPT(array1, array2)',
    'The elements of the first array that are not in the second, without duplicates.',
    ['ARRAY_EXCEPT(ARRAY[1, 2, 2, 3], ARRAY[3])', '[1, 2]'],
    ofCommonType('ARRAY', 2),
    (left, right) => {
      const others = new ValueSet(right as Items)
      return distinct(left as Items).filter((value) => !others.has(value))
    },
  ),
  collection(
    'ARRAY_JOIN',
    'ARRAY_JOIN(array, delimiter [, null_replacement])',
    'The texts with a delimiter between them; NULLs are left out or replaced.',
    ["ARRAY_JOIN(ARRAY['a', CAST(NULL AS STRING), 'b'], '-', '?')", 'a-?-b'],
    withOptions(TEXTS, TEXTS, STRING, 1, () => STRING),
    (array, delimiter, replacement) =>
      (array as Items).flatMap((item) => (item === null ? (replacement ?? []) : item)).join(delimiter as string),
  ),
  collection(
    'ARRAY_SLICE',
    'ARRAY_SLICE(array, start [, end])',
    'The elements from one position to another, both included. Positions count from 1, negative ones from the end.',
    ['ARRAY_SLICE(ARRAY[1, 2, 3, 4], 2, -2)', '[2, 3]'],
    withOptions(undefined, INTEGERS, INT, 1, (array) => array),
    (array, start, end = -1) => slice(array as Items, start as number, end as number),
  ),
  collection(
    'ARRAY_SORT',
    'ARRAY_SORT(array [, ascending [, nulls_first]])',
    'The elements in order, ascending unless said. NULLs come first in ascending order and last in descending, unless said.',
    ['ARRAY_SORT(ARRAY[2, 3, 1], FALSE)', '[3, 2, 1]'],
    withOptions(SORTABLE, ['BOOLEAN', 'NULL'], BOOLEAN, 0, (array) => array),
    (array, ascending = true, nullsFirst = ascending) =>
      sorted(array as Items, ascending as boolean, nullsFirst as boolean),
  ),
]
