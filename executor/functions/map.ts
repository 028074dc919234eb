/** Functions of maps. */
import type { Value } from '../../core/column.ts'
import { MillraceError } from '../../core/errors.ts'
import { mapTypes, type SqlType, STRING } from '../../core/types.ts'
import { collection, ofCollection, ofCommonType, type Pairs } from './collection-signature.ts'
import { compareValues } from './comparison.ts'
import { defineWith } from './define.ts'
import { nullableWith, type ScalarFunction } from './function.ts'
import { remembered, splitText } from './pattern.ts'

function lastOfEachKey(pairs: Pairs): Pairs {
  const entries = new Map<Value, readonly Value[]>()
  for (const pair of pairs) {
    const [key = null] = pair
    const known =
      key === null || typeof key !== 'object'
        ? key
        : ([...entries.keys()].find((other) => compareValues(other, key) === 0) ?? key)
    entries.set(known, pair)
  }
  return [...entries.values()]
}

const STRING_MAP: SqlType = { kind: 'MAP', key: STRING, value: STRING, nullable: true }

/** Both delimiters are regular expressions. */
const STR_TO_MAP = defineWith(
  {
    name: 'STR_TO_MAP',
    category: 'string',
    signatures: ['STR_TO_MAP(string [, pair_delimiter, key_delimiter])'],
    description:
      'A map of the pairs in a text. The delimiters are regular expressions, `,` and `=` unless given; a part without the second is a key with NULL.',
    examples: [
      ["STR_TO_MAP('k1=v1,k2=v2')", '{k1=v1, k2=v2}'],
      ["STR_TO_MAP('k1:v1;k2:v2', ';', ':')", '{k1=v1, k2=v2}'],
    ],
  },
  (args) =>
    (args.length === 1 || args.length === 3) &&
    args.every(({ type }) => ['CHAR', 'VARCHAR', 'NULL'].includes(type.kind))
      ? { argumentTypes: args.map(() => STRING), returnType: STRING_MAP }
      : undefined,
  () => {
    const [ofPairs, ofKeys] = [remembered(splitText), remembered(splitText)]
    return (text, between = ',', behindKey = '=') => {
      if (text === '') return []
      const split = ofKeys(behindKey as string)
      const pairs = ofPairs(between as string)(text as string).map((part): Value[] => {
        const [key = '', ...rest] = split(part, 2)
        return [key, rest[0] ?? null]
      })
      return lastOfEachKey(pairs)
    }
  },
)

export const MAP_FUNCTIONS: readonly ScalarFunction[] = [
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
  collection(
    'MAP_ENTRIES',
    'MAP_ENTRIES(map)',
    'The entries as rows of `key` and `value`.',
    ["MAP_ENTRIES(MAP['a', 1])", '[(a, 1)]'],
    ofCollection(['MAP'], (type) => {
      const types = mapTypes(type)
      if (types === undefined) return undefined
      const fields = [
        { name: 'key', type: types.key },
        { name: 'value', type: types.value },
      ]
      return { kind: 'ARRAY', element: { kind: 'ROW', fields, nullable: true }, nullable: false }
    }),
    (map) => (map as Pairs).map(([key, value]) => [key ?? null, value ?? null]),
  ),
  collection(
    'MAP_FROM_ARRAYS',
    'MAP_FROM_ARRAYS(keys, values)',
    'A map of an array of keys and an array of as many values.',
    ["MAP_FROM_ARRAYS(ARRAY['a', 'b'], ARRAY[1, 2])", '{a=1, b=2}'],
    (args) => {
      const [keys, values] = args
      if (keys?.type.kind !== 'ARRAY' || values?.type.kind !== 'ARRAY' || args.length !== 2) return undefined
      const type: SqlType = { kind: 'MAP', key: keys.type.element, value: values.type.element, nullable: true }
      return { argumentTypes: [keys.type, values.type], returnType: nullableWith(type, args) }
    },
    (keys, values) => {
      const [left, right] = [keys as readonly Value[], values as readonly Value[]]
      if (left.length !== right.length) {
        throw new MillraceError(
          'INVALID_ARGUMENT',
          `MAP_FROM_ARRAYS takes as many values as keys, not ${right.length} for ${left.length}`,
        )
      }
      return left.map((key, index) => [key, right[index] ?? null])
    },
  ),
  collection(
    'MAP_UNION',
    'MAP_UNION(map1 [, map2]*)',
    'The entries of all maps; of a key that several have, the last.',
    ["MAP_UNION(MAP['a', 1, 'b', 2], MAP['b', 3])", '{a=1, b=3}'],
    ofCommonType('MAP', 1, Infinity),
    (...maps) => lastOfEachKey((maps as readonly Pairs[]).flat()),
  ),
  STR_TO_MAP,
]
