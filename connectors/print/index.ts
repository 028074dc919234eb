/**
 * The print connector: `+I[1, a]`, one row a line. Behind `print-identifier` and, where the sink runs in parallel, the
 * number of the subtask there is a `>`: `identifier:2> +I[1, a]`.
 */
import { type ChangeBatch, kindAt, ROW_KIND_NAMES } from '../../core/change-batch.ts'
import { readValue } from '../../core/column-ops.ts'
import type { Sink, SinkContext } from '../api/sink.ts'
import { externalText } from './external-text.ts'

export function createSink(context: SinkContext): Sink {
  const prefix = linePrefix(context)
  const toError = context.options.boolean('standard-error')
  return {
    open: async () => {},
    recover: async () => {},
    write(batch) {
      const text = batchText(batch, prefix)
      if (toError) context.output.writeError(text)
      else context.output.write(text)
    },
    prepare: async () => null,
    commit: async () => {},
    close: async () => {},
  }
}

function linePrefix(context: SinkContext): string {
  const identifier = context.options.optionalString('print-identifier') ?? ''
  const subtask = context.parallelism > 1 ? String(context.subtask + 1) : ''
  const parts = [identifier, subtask].filter((part) => part !== '')
  return parts.length === 0 ? '' : `${parts.join(':')}> `
}

function batchText(batch: ChangeBatch, prefix: string): string {
  let text = ''
  for (let row = 0; row < batch.rows; row++) {
    const cells = batch.schema.fields.map((field, index) => {
      const column = batch.columns[index]
      return column === undefined ? 'null' : externalText(readValue(column, field.type, row), field.type)
    })
    text += `${prefix}${ROW_KIND_NAMES[kindAt(batch, row)]}[${cells.join(', ')}]\n`
  }
  return text
}
