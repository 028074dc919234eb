/** The filesystem connector. */
import type { Sink, SinkContext } from '../api/sink.ts'
import type { Source, SourceContext } from '../api/source.ts'
import { FilesystemSink } from './sink.ts'
import { FilesystemSource } from './source.ts'

export { mergePositions } from './source.ts'

export function createSource(context: SourceContext): Source {
  return new FilesystemSource(context)
}

export function createSink(context: SinkContext): Sink {
  return new FilesystemSink(context)
}
