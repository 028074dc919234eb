/** What the store uses of rocksdb-native, which has no types of its own. */
declare module 'rocksdb-native' {
  interface WriteBatch {
    tryPut(key: Uint8Array, value: Uint8Array): void
    tryDelete(key: Uint8Array): void
    flush(): Promise<void>
    destroy(): void
  }

  interface Range {
    readonly gte?: Uint8Array
    readonly lt?: Uint8Array
  }

  export default class RocksDB {
    constructor(path: string)
    ready(): Promise<void>
    write(options: { capacity: number }): WriteBatch
    flush(): Promise<void>
    iterator(range: Range, options: { capacity: number }): AsyncIterable<{ key: Uint8Array; value: Uint8Array }>
    close(): Promise<void>
  }
}
