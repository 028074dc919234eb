/** The kafka connector. */
import type { Sink, SinkContext } from '../api/sink.ts'
import type { Source, SourceContext } from '../api/source.ts'
import { createLayout } from './record-layout.ts'
import { RowDecoder } from './row-decoder.ts'
import { KafkaSink } from './sink.ts'
import { KafkaSource } from './source.ts'

export { mergePositions } from './source.ts'

export function createSource(context: SourceContext): Source {
  const { table, options, columns, schema } = context
  return new KafkaSource(context, async () => {
    const decoder = new RowDecoder(
      table,
      columns,
      schema,
      await createLayout(table, options, options.list('key.fields')),
      options,
      false,
    )
    return (block, from, to, place) => decoder.decode(block, from, to, place)
  })
}

export function createSink(context: SinkContext): Sink {
  return new KafkaSink(context, {
    keyColumns: context.options.list('key.fields'),
    select: (batch) => ({ batch, tombstones: null }),
  })
}
