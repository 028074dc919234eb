/** Records of the latency benchmark: bids with the moment at which they were sent, in microseconds. */
import type { RecordSlices } from '../../connectors/api/format.ts'
import { bidRecords } from '../hot/json.ts'

const NAME = Buffer.from('{"sent":')
/** Enough for 300 years after the start of the machine. */
const DIGITS = 16

/** Of a clock that all processes of this machine share. */
export function microseconds(): number {
  return Number(process.hrtime.bigint() / 1000n)
}

/** Bids whose first field is `sent`, to be written over and over. */
export function stampedRecords(): RecordSlices {
  const [bids] = bidRecords(1)
  if (bids === undefined) throw new Error('no bids')
  const parts: Buffer[] = []
  const starts = new Int32Array(bids.count)
  const lengths = new Int32Array(bids.count)
  let at = 0
  for (let record = 0; record < bids.count; record++) {
    const start = (bids.starts[record] ?? 0) + 1
    const part = Buffer.concat([
      NAME,
      Buffer.from('1'.repeat(DIGITS)),
      Buffer.from(','),
      bids.data.subarray(start, start + (bids.lengths[record] ?? 0) - 1),
    ])
    parts.push(part)
    starts[record] = at
    lengths[record] = part.length
    at += part.length
  }
  return { data: Buffer.concat(parts), starts, lengths, count: bids.count }
}

/** Writes the moment; leading digits are ones, as JSON numbers do not begin with zeros: `10^15 + moment`. */
export function stamp(data: Uint8Array, start: number, moment: number): void {
  let rest = moment
  for (let i = start + NAME.length + DIGITS - 1; i > start + NAME.length; i--) {
    const tenth = Math.floor(rest / 10)
    data[i] = 48 + rest - 10 * tenth
    rest = tenth
  }
}

/** The moment of a record that an engine has written; `sent` is its first field. */
export function momentOf(data: Uint8Array, start: number): number {
  let value = 0
  for (let i = start + NAME.length + 1; i < start + NAME.length + DIGITS; i++)
    value = value * 10 + (data[i] as number) - 48
  return value
}
