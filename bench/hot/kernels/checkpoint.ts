/** A table of entries of 32 bytes (a BIGINT and two accumulators) to a file and back, by hand. */
import { closeSync, fsyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { Workload } from '../case.ts'
import { mix, slotsFor } from './hash.ts'

/** Longs of an entry: key, two accumulators, whether it is taken. */
const ENTRY = 4

function insert(table: BigInt64Array, words: Int32Array, mask: number, from: BigInt64Array, entry: number): void {
  const key = from[entry] as bigint
  const low = Number(BigInt.asIntN(32, key))
  const high = Number(BigInt.asIntN(32, key >> 32n))
  let slot = mix(low ^ Math.imul(high, 0x9e3779b9)) & mask
  while (words[8 * slot + 6] !== 0) slot = (slot + 1) & mask
  table[ENTRY * slot] = key
  table[ENTRY * slot + 1] = from[entry + 1] as bigint
  table[ENTRY * slot + 2] = from[entry + 2] as bigint
  words[8 * slot + 6] = 1
}

export function createStoredEntries(keys: number, direction: 'write' | 'read'): Workload {
  const slots = slotsFor(keys)
  const directory = mkdtempSync(join(tmpdir(), 'millrace-hot-'))
  const file = join(directory, 'entries')
  const packed = new BigInt64Array(ENTRY * keys)
  for (let key = 0; key < keys; key++) {
    packed[ENTRY * key] = BigInt(key) * 7919n
    packed[ENTRY * key + 1] = packed[ENTRY * key + 2] = 1n
    packed[ENTRY * key + 3] = 1n
  }
  const table = new BigInt64Array(ENTRY * slots)
  const words = new Int32Array(table.buffer)
  for (let key = 0; key < keys; key++) insert(table, words, slots - 1, packed, ENTRY * key)

  const write = (): void => {
    let at = 0
    for (let slot = 0; slot < slots; slot++) {
      if (words[8 * slot + 6] === 0) continue
      packed[at] = table[ENTRY * slot] as bigint
      packed[at + 1] = table[ENTRY * slot + 1] as bigint
      packed[at + 2] = table[ENTRY * slot + 2] as bigint
      at += ENTRY
    }
    const bytes = new Uint8Array(packed.buffer, 0, 8 * at)
    const handle = openSync(file, 'w')
    for (let written = 0; written < bytes.length; )
      written += writeSync(handle, bytes, written, Math.min(1 << 24, bytes.length - written))
    writeSync(handle, String(crc32(bytes)))
    fsyncSync(handle)
    closeSync(handle)
  }
  const read = (): void => {
    const bytes = readFileSync(file)
    const from = new BigInt64Array(bytes.buffer, bytes.byteOffset, ENTRY * keys)
    const sum = bytes.toString('latin1', 32 * keys)
    if (String(crc32(bytes.subarray(0, 32 * keys))) !== sum) throw new Error('the file is damaged')
    table.fill(0n)
    for (let entry = 0; entry < ENTRY * keys; entry += ENTRY) insert(table, words, slots - 1, from, entry)
  }
  write()
  return {
    rows: keys,
    run: direction === 'write' ? write : read,
    close: () => {
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
