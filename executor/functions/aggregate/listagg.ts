import type { Value } from '../../../core/column.ts'
import { type SqlType, STRING } from '../../../core/types.ts'
import { type AggregateFunction, boxed } from './aggregate-function.ts'

interface TextList {
  separator: string
  texts: string[]
}

const STATE: SqlType = {
  kind: 'ROW',
  nullable: false,
  fields: [
    { name: 'separator', type: STRING },
    { name: 'texts', type: { kind: 'ARRAY', element: STRING, nullable: false } },
  ],
}

export const LISTAGG: AggregateFunction = {
  name: 'LISTAGG',
  kind: 'aggregate',
  category: 'aggregate',
  signatures: ['LISTAGG([DISTINCT] string [, separator])'],
  description:
    "The strings that are not NULL, joined in the order in which rows arrive; the separator is ',' where none is given.",
  examples: [],
  bind: (args) => {
    if (args.length < 1 || args.length > 2) return undefined
    if (!args.every(({ type }) => type.kind === 'CHAR' || type.kind === 'VARCHAR')) return undefined
    return {
      argumentTypes: args.map(({ type }) => type),
      returnType: { ...STRING, nullable: args[0]?.type.nullable === true },
    }
  },
  implement: ({ retracts }) =>
    boxed<TextList>({
      kind: 'boxed',
      create: () => ({ separator: ',', texts: [] }),
      accumulate: (state, [value, separator]) => {
        if (typeof separator === 'string') state.separator = separator
        if (typeof value !== 'string') return
        // What cannot be taken back is joined at once: one string in place of a list that grows.
        if (retracts || state.texts.length === 0) state.texts.push(value)
        else state.texts[0] = `${state.texts[0] ?? ''}${state.separator}${value}`
      },
      retract: (state, [value]) => {
        const at = typeof value === 'string' ? state.texts.indexOf(value) : -1
        if (at >= 0) state.texts.splice(at, 1)
      },
      result: (state) => (state.texts.length === 0 ? null : state.texts.join(state.separator)),
      stateType: STATE,
      toValue: (state) => [state.separator, state.texts],
      fromValue: (value) => {
        const [separator, texts] = value as readonly Value[]
        return { separator: String(separator), texts: (texts as readonly Value[]).map(String) }
      },
    }),
}
