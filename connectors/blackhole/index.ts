/** The blackhole connector: takes rows and forgets them. */
import type { Sink } from '../api/sink.ts'

export function createSink(): Sink {
  return {
    open: async () => {},
    recover: async () => {},
    write: () => {},
    readsValues: false,
    prepare: async () => null,
    commit: async () => {},
    close: async () => {},
  }
}
