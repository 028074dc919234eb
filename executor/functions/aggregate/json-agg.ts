/** JSON_OBJECTAGG and JSON_ARRAYAGG. The clause ON NULL is the last argument: 'NULL' or 'ABSENT'. */
import type { BoundArgument } from '../../../catalog/function.ts'
import type { Value } from '../../../core/column.ts'
import { MillraceError } from '../../../core/errors.ts'
import { type SqlType, STRING, withNullability } from '../../../core/types.ts'
import { type AggregateFunction, boxed } from './aggregate-function.ts'
import { isJsonType, jsonObject, jsonText } from '../json/json-text.ts'

const TEXT_LIST: SqlType = { kind: 'ARRAY', element: STRING, nullable: false }
const TEXT_MAP: SqlType = { kind: 'MAP', key: STRING, value: STRING, nullable: false }
const RESULT = withNullability(STRING, false)
const NULL_TYPE: SqlType = { kind: 'NULL', nullable: true }

interface Objects {
  readonly entries: Map<string, string>
}

export const JSON_OBJECTAGG: AggregateFunction = {
  name: 'JSON_OBJECTAGG',
  kind: 'aggregate',
  category: 'json',
  signatures: ['JSON_OBJECTAGG([KEY] key VALUE value [{ NULL | ABSENT } ON NULL])'],
  description:
    'A JSON object of all keys and values, with its keys in order. Keys are text and must differ. A NULL value is null, or with ABSENT ON NULL left out.',
  examples: [],
  bind: (args) => {
    const [key, value] = args
    if (args.length !== 3 || key === undefined || value === undefined) return undefined
    if ((key.type.kind !== 'CHAR' && key.type.kind !== 'VARCHAR') || !isJsonType(value.type)) return undefined
    return { argumentTypes: args.map(({ type }) => type), returnType: RESULT }
  },
  implement: ({ argumentTypes: [, type = NULL_TYPE] }) =>
    boxed<Objects>({
      kind: 'boxed',
      create: () => ({ entries: new Map() }),
      accumulate: ({ entries }, [key, value = null, onNull]) => {
        if (typeof key !== 'string') {
          throw new MillraceError('NOT_NULL_VIOLATION', 'a key of JSON_OBJECTAGG is NULL', { retryable: false })
        }
        if (entries.has(key)) {
          throw new MillraceError('INVALID_ARGUMENT', `key "${key}" is already present in JSON_OBJECTAGG`, {
            hint: 'Keys must be unique in each group.',
            retryable: false,
          })
        }
        if (value !== null || onNull === 'NULL') entries.set(key, jsonText(value, type))
      },
      retract: ({ entries }, [key, value = null]) => {
        if (typeof key === 'string' && entries.get(key) === jsonText(value, type)) entries.delete(key)
      },
      result: ({ entries }) => jsonObject([...entries]),
      stateType: TEXT_MAP,
      toValue: ({ entries }) => [...entries],
      fromValue: (value) => ({
        entries: new Map((value as readonly (readonly Value[])[]).map(([key, text]) => [String(key), String(text)])),
      }),
    }),
}

interface Items {
  readonly texts: string[]
}

export const JSON_ARRAYAGG: AggregateFunction = {
  name: 'JSON_ARRAYAGG',
  kind: 'aggregate',
  category: 'json',
  signatures: ['JSON_ARRAYAGG(item [{ NULL | ABSENT } ON NULL])'],
  description:
    'A JSON array of all items in the order in which rows arrive. NULLs are left out, or with NULL ON NULL are null.',
  examples: [],
  bind: (args: readonly BoundArgument[]) => {
    const [item] = args
    if (args.length !== 2 || item === undefined || !isJsonType(item.type)) return undefined
    return { argumentTypes: args.map(({ type }) => type), returnType: RESULT }
  },
  implement: ({ argumentTypes: [type = NULL_TYPE] }) =>
    boxed<Items>({
      kind: 'boxed',
      create: () => ({ texts: [] }),
      accumulate: ({ texts }, [item = null, onNull]) => {
        if (item !== null || onNull === 'NULL') texts.push(jsonText(item, type))
      },
      retract: ({ texts }, [item = null]) => {
        const at = texts.indexOf(jsonText(item, type))
        if (at >= 0) texts.splice(at, 1)
      },
      result: ({ texts }) => `[${texts.join(',')}]`,
      stateType: TEXT_LIST,
      toValue: ({ texts }) => texts,
      fromValue: (value) => ({ texts: (value as readonly Value[]).map(String) }),
    }),
}
