/** The jdbc connector: PostgreSQL. */
import type { LookupContext, LookupSource } from '../api/lookup.ts'
import type { Sink, SinkContext } from '../api/sink.ts'
import type { Source, SourceContext } from '../api/source.ts'
import { JdbcLookup } from './lookup.ts'
import { JdbcSink } from './sink.ts'
import { JdbcSource } from './source.ts'

export function createSource(context: SourceContext): Source {
  return new JdbcSource(context)
}

export function createSink(context: SinkContext): Sink {
  return new JdbcSink(context)
}

export function createLookup(context: LookupContext): LookupSource {
  return new JdbcLookup(context)
}
