/** What generated code may call. */
import { columnOf } from '../../core/column-builder.ts'
import { decodeText, readInt128, readValue, writeInt128 } from '../../core/column-ops.ts'
import {
  ByteArena,
  byteOffsetOf,
  compareBytes,
  copyBytes,
  countCharacters,
  equalBytes,
  findBytes,
  isAscii,
} from './byte-arena.ts'

/** A 64-bit number, and the same as two of 32 bits: a BigInt becomes a number here at a tenth of what `Number` costs. */
const word = new BigInt64Array(1)

export const SUPPORT = {
  ByteArena,
  byteOffsetOf,
  columnOf,
  compareBytes,
  copyBytes,
  countCharacters,
  decodeText,
  equalBytes,
  findBytes,
  halves: new Int32Array(word.buffer),
  isAscii,
  readInt128,
  readValue,
  word,
  writeInt128,
}
