/** What a fetch answered for one partition, as the records that a reader of the isolation level may see. */
import type { FetchedPartition } from './protocol.ts'
import { type Decompress, isAbortMarker, readBatchHeader, readRecords, type RecordBlock } from './record-batch.ts'

export interface FetchedRecords {
  readonly block: RecordBlock
  /** Records before this one are below the offset that was asked for. */
  readonly from: number
  /** Offset behind everything in the answer, control batches and hidden records included. */
  readonly nextOffset: bigint
  readonly bytes: number
}

/**
 * @param offset what was asked for: the first batch may begin before it
 * @param committedOnly hides records of aborted transactions: as Java's client, a producer's records are hidden from
 *   the first offset of an aborted transaction up to its abort marker
 * @returns undefined when nothing whole was there
 */
export function readFetched(
  fetched: FetchedPartition,
  offset: bigint,
  committedOnly: boolean,
  decompress: Decompress,
): FetchedRecords | undefined {
  const { records } = fetched
  const aborted = [...fetched.abortedTransactions].sort((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1))
  const hidden = new Set<bigint>()
  const visible: number[] = []
  let nextOffset: bigint | undefined
  for (let at = 0; ; ) {
    const header = readBatchHeader(records, at)
    if (header === undefined) break
    while (committedOnly && aborted[0] !== undefined && aborted[0].firstOffset <= header.lastOffset) {
      hidden.add(aborted[0].producerId)
      aborted.shift()
    }
    if (header.isControl) {
      if (committedOnly && isAbortMarker(records, at)) hidden.delete(header.producerId)
    } else if (
      header.lastOffset >= offset &&
      !(committedOnly && header.isTransactional && hidden.has(header.producerId))
    ) {
      visible.push(at)
    }
    nextOffset = header.lastOffset + 1n
    at += header.size
  }
  if (nextOffset === undefined) return undefined
  const block = readRecords(records, visible, decompress)
  let from = 0
  while (from < block.count && (block.offsets[from] ?? 0n) < offset) from++
  return { block, from, nextOffset, bytes: records.length }
}
