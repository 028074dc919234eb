/** CRC-32C (Castagnoli), four table look-ups for four bytes. */

const TABLES = Array.from({ length: 4 }, () => new Uint32Array(256))

for (let byte = 0; byte < 256; byte++) {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 0 ? value >>> 1 : (value >>> 1) ^ 0x82f63b78
  ;(TABLES[0] as Uint32Array)[byte] = value
}
for (let table = 1; table < 4; table++) {
  const [first, previous, current] = [TABLES[0], TABLES[table - 1], TABLES[table]] as [
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ]
  for (let byte = 0; byte < 256; byte++) {
    const value = previous[byte] as number
    current[byte] = (value >>> 8) ^ (first[value & 0xff] as number)
  }
}

/** Of the bytes `start … end)`. */
export function crc32c(bytes: Uint8Array, start: number, end: number): number {
  const [t0, t1, t2, t3] = TABLES as [Uint32Array, Uint32Array, Uint32Array, Uint32Array]
  let crc = 0xffffffff
  let at = start
  for (; at + 4 <= end; at += 4) {
    crc ^=
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)
    crc =
      (t3[crc & 0xff] as number) ^
      (t2[(crc >>> 8) & 0xff] as number) ^
      (t1[(crc >>> 16) & 0xff] as number) ^
      (t0[crc >>> 24] as number)
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ (t0[(crc ^ (bytes[at] as number)) & 0xff] as number)
  return (crc ^ 0xffffffff) >>> 0
}
