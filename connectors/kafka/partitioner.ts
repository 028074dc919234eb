/** Which partition a record goes to: `sink.partitioner`. */
import { MillraceError } from '../../core/errors.ts'

export type Partitioner = (key: Uint8Array | null, start: number, length: number, partitions: number) => number

/** As Java's client: the key's hash, or batches in turn where there is no key. */
export function createPartitioner(name: string, subtask: number): Partitioner {
  let turn = subtask
  let sent = 0
  const sticky: Partitioner = (_key, _start, _length, partitions) => {
    if (++sent % 1000 === 0) turn++
    return turn % partitions
  }
  switch (name) {
    case 'default':
      return (key, start, length, partitions) =>
        key === null || length < 0
          ? sticky(null, 0, -1, partitions)
          : (murmur2(key, start, length) & 0x7fffffff) % partitions
    case 'fixed':
      return (_key, _start, _length, partitions) => subtask % partitions
    case 'round-robin':
      return (_key, _start, _length, partitions) => turn++ % partitions
    default:
      throw new MillraceError('INTERNAL_ERROR', `partitioner '${name}' is not known`)
  }
}

/** The hash of org.apache.kafka.common.utils.Utils.murmur2. */
function murmur2(data: Uint8Array, start: number, length: number): number {
  const m = 0x5bd1e995
  let h = 0x9747b28c ^ length
  const end = start + (length & ~3)
  for (let at = start; at < end; at += 4) {
    let k = (data[at] ?? 0) | ((data[at + 1] ?? 0) << 8) | ((data[at + 2] ?? 0) << 16) | ((data[at + 3] ?? 0) << 24)
    k = Math.imul(k, m)
    k ^= k >>> 24
    h = Math.imul(h, m) ^ Math.imul(k, m)
  }
  const rest = length & 3
  if (rest >= 3) h ^= (data[end + 2] ?? 0) << 16
  if (rest >= 2) h ^= (data[end + 1] ?? 0) << 8
  if (rest >= 1) h = Math.imul(h ^ (data[end] ?? 0), m)
  h ^= h >>> 13
  h = Math.imul(h, m)
  return h ^ (h >>> 15)
}
