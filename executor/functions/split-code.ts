/** SPLIT_INDEX in the loop over the rows: the parts are places in the bytes of the text. */
import { findBytes } from '../codegen/byte-arena.ts'
import { eitherNull, type Fragment, type ScalarFragment, type ViewFragment } from '../codegen/fragment.ts'
import type { Generator } from '../codegen/generator.ts'
import type { ScalarFunction } from './function.ts'

/** Place behind the `count`-th byte of the kind; -1 where there are fewer. `words` are the same bytes, `four` of them. */
function behindByte(
  data: Uint8Array,
  words: DataView,
  from: number,
  end: number,
  byte: number,
  four: number,
  count: number,
): number {
  let left = count
  let at = from
  for (; at + 4 <= end; at += 4) {
    const other = words.getInt32(at, true) ^ four
    // 0x80 in each byte that is equal, by the carry that the other bytes have.
    let equal = ~(((other & 0x7f7f7f7f) + 0x7f7f7f7f) | other | 0x7f7f7f7f)
    for (; equal !== 0; equal &= equal - 1) if (--left === 0) return at + lowestByte(equal) + 1
  }
  for (; at < end; at++) if (data[at] === byte && --left === 0) return at + 1
  return -1
}

/** Positions of the lowest bit of a byte. */
const LOWEST_BIT = Uint8Array.from({ length: 256 }, (_, bits) => 31 - Math.clz32(bits & -bits))

/** Place of the next byte of the kind, or the end. */
function nextByte(data: Uint8Array, words: DataView, from: number, end: number, byte: number, four: number): number {
  let at = from
  for (; at + 8 <= end; at += 8) {
    const low = words.getInt32(at, true) ^ four
    const high = words.getInt32(at + 4, true) ^ four
    // 0x80 in each byte that is equal; exact up to the first one.
    const inLow = (low - 0x01010101) & ~low & 0x80808080
    const inHigh = (high - 0x01010101) & ~high & 0x80808080
    // Eight bytes at once, because no processor foresees in which half parts of a few letters end.
    if ((inLow | inHigh) !== 0) return at + (LOWEST_BIT[bitsOf(inLow) | (bitsOf(inHigh) << 4)] as number)
  }
  while (at < end && data[at] !== byte) at++
  return at
}

/** The highest bits of four bytes as a number of four bits. */
function bitsOf(mask: number): number {
  return (Math.imul(mask >>> 7, 0x204081) >>> 21) & 15
}

function lowestByte(mask: number): number {
  return (31 - Math.clz32(mask & -mask)) >> 3
}

/** Range of the part at an index between delimiters; length -1 where there is none. */
function splitRange(
  data: Uint8Array,
  start: number,
  length: number,
  delimiter: Uint8Array,
  index: number,
  range: Int32Array,
): void {
  let at = 0
  for (let part = 0; ; part++) {
    const next = findBytes(data, start, length, delimiter, at)
    if (part === index) {
      range[0] = start + at
      range[1] = (next < 0 ? length : next) - at
      return
    }
    if (next < 0) break
    at = next + delimiter.length
  }
  range[1] = -1
}

/** Where the part before ended, which was looked for in the same text with the same delimiter. */
interface Stop {
  readonly index: number
  /** Variable: place of the delimiter behind that part; the end of the text or more where there is none. */
  readonly stop: string
}

export const splitIndexCode: NonNullable<ScalarFunction['generate']> = (generator, [input, delimiter, index], call) => {
  if (input?.representation !== 'view' || delimiter?.representation !== 'view' || index === undefined) return undefined
  if (delimiter.literal === undefined || delimiter.literal === '') return undefined
  const at = index as ScalarFragment
  const [start, length, flag] = ['s_', 'l_', 'q'].map((prefix) => generator.name(prefix)) as [string, string, string]
  const { data, source } = input
  const fragment: Fragment = {
    representation: 'view',
    type: call.returnType,
    isNull: flag,
    data,
    start,
    length,
    source,
  }
  const byte = delimiter.literal.codePointAt(0) ?? 0
  // Elsewhere a view of the bytes would have to be made for each row.
  if (
    input.source?.kind === 'column' &&
    delimiter.literal.length === 1 &&
    byte < 0x80 &&
    typeof at.literal === 'number' &&
    at.literal >= 0
  ) {
    partOfBytes(generator, input, byte, at.literal, { start, length, flag })
    return fragment
  }
  const range = generator.constant(new Int32Array(2))
  const split = `${generator.constant(splitRange)}(${input.data}, ${input.start}, ${input.length}, ${delimiter.data}, ${at.value}, ${range});`
  const take = `if (${range}[1] >= 0) { ${start} = ${range}[0]; ${length} = ${range}[1]; ${flag} = 0; }`
  generator.line(`let ${start} = 0, ${length} = 0, ${flag} = 1;`)
  generator.line(
    `if (${eitherNull([input, index])} === 0 && ${at.value} >= 0 && ${input.length} > 0) { ${split} ${take} }`,
  )
  return fragment
}

/** The search goes on where the one for an earlier part of the same text has ended. */
function partOfBytes(
  generator: Generator,
  input: ViewFragment,
  byte: number,
  index: number,
  { start, length, flag }: { readonly start: string; readonly length: string; readonly flag: string },
): void {
  const key = `split ${byte} ${input.data} ${input.start} ${input.length}`
  const known = generator.recall(key) as Stop | undefined
  const before = known !== undefined && known.index < index ? known : undefined
  const [stop, end] = [generator.name('p'), generator.name('e')]
  const words = wordsOf(generator, input)
  const four = Math.imul(byte, 0x01010101)
  const from = before?.stop ?? input.start
  const far = `${generator.constant(behindByte)}(${input.data}, ${words}, ${from}, ${end}, ${byte}, ${four}, ${index - (before?.index ?? 0)})`
  const beside = `${from} < ${end} ? ${from} + 1 : -1`
  const at = before === undefined ? (index === 0 ? from : far) : index === before.index + 1 ? beside : far
  generator.line(`const ${end} = ${input.start} + ${input.length};`)
  generator.line(`let ${start} = 0, ${length} = 0, ${flag} = 1, ${stop} = ${end};`)
  const next = `${generator.constant(nextByte)}(${input.data}, ${words}, ${start}, ${end}, ${byte}, ${four})`
  const take = `${flag} = 0; ${stop} = ${next}; ${length} = ${stop} - ${start};`
  const search = `${start} = ${at}; if (${start} >= 0) { ${take} } else ${start} = 0;`
  generator.line(`if (${input.isNull} === 0 && ${input.length} > 0) { ${search} }`)
  const found: Stop = { index, stop }
  generator.remember(key, found)
}

/** A column's bytes as words: one view a batch. */
function wordsOf(generator: Generator, { data }: ViewFragment): string {
  const name = `words_${data.replaceAll(/\W/g, '_')}`
  generator.onceABatch(`const ${name} = new DataView(${data}.buffer, ${data}.byteOffset, ${data}.length);`)
  return name
}
