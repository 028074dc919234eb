/** Checkpoints in memory: for queries of a SELECT and jobs without a data directory, so that a failure can be survived. */
import type { PageFileTarget } from './page-file-output.ts'
import type { CheckpointResult, Manifest, PageWrite, RestoredState, StateStore } from './state-store.ts'

export class MemoryStore implements StateStore {
  readonly removed = Promise.resolve()
  readonly #pages = new Map<string, PageWrite>()
  #manifest: Manifest | undefined

  async restore(): Promise<RestoredState | undefined> {
    if (this.#manifest === undefined) return undefined
    const all = [...this.#pages.values()]
    return { manifest: this.#manifest, origin: 'memory', pages: async (uid) => all.filter((page) => page.uid === uid) }
  }

  pageFiles(): readonly PageFileTarget[] {
    return []
  }

  async write(pages: readonly PageWrite[], manifest: Manifest): Promise<CheckpointResult> {
    let bytes = 0
    for (const page of pages) {
      const key = `${page.uid}\u0000${page.table}\u0000${page.page}`
      if (page.bytes === null) this.#pages.delete(key)
      else this.#pages.set(key, page)
      bytes += page.bytes?.length ?? 0
    }
    this.#manifest = manifest
    return { bytes }
  }

  async *allPages(): AsyncGenerator<PageWrite> {
    yield* this.#pages.values()
  }

  async clear(): Promise<void> {
    this.#pages.clear()
    this.#manifest = undefined
  }

  async close(): Promise<void> {
    return
  }
}
