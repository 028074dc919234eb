/**
 * The one list of connectors and formats that can run. Each entry is loaded when a job first needs it, so that client
 * libraries cost nothing until then. Their descriptors are in `catalog/connectors/`.
 */
import type { JsonValue } from '../core/json.ts'
import type { LookupContext, LookupSource } from './api/lookup.ts'
import type { Sink, SinkContext } from './api/sink.ts'
import type { Source, SourceContext } from './api/source.ts'

/** What `connectors/<name>/index.ts` exports. */
export interface Connector {
  createSource?(context: SourceContext): Source
  createSink?(context: SinkContext): Sink
  createLookup?(context: LookupContext): LookupSource
  /**
   * Of all subtasks of a source: what each of another number of subtasks can be opened with, to go on with its own part
   * of it. Absent: the source cannot be divided otherwise than it is.
   */
  mergePositions?(positions: readonly JsonValue[]): JsonValue
}

export const CONNECTORS: Readonly<Record<string, () => Promise<Connector>>> = {
  blackhole: () => import('./blackhole/index.ts'),
  datagen: () => import('./datagen/index.ts'),
  filesystem: () => import('./filesystem/index.ts'),
  jdbc: () => import('./jdbc/index.ts'),
  kafka: () => import('./kafka/index.ts'),
  nexmark: () => import('./nexmark/index.ts'),
  print: () => import('./print/index.ts'),
  'upsert-kafka': () => import('./upsert-kafka/index.ts'),
}
