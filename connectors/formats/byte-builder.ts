/** A growing byte buffer with the number, date and string writers that the encoders share. */
import { civilFromDays } from '../../core/datetime-text.ts'
import { decimalText, floatText } from '../../core/value-text.ts'

const DAY = 86_400_000
const TWO_32 = 4294967296

/** Bytes `00` to `99`, for two digits at once. */
const DIGIT_PAIRS = Uint8Array.from(
  { length: 200 },
  (_, at) => 48 + (at % 2 === 0 ? Math.floor(at / 20) : (at >> 1) % 10),
)

const POWERS = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent)

export class ByteBuilder {
  data: Uint8Array<ArrayBuffer>
  view: DataView<ArrayBuffer>
  pos = 0
  #lastDay = Number.NaN
  readonly #dayText = new Uint8Array(10)

  constructor(size: number) {
    this.data = new Uint8Array(size)
    this.view = new DataView(this.data.buffer)
  }

  /** Makes room for `bytes` more. Every other method expects that there is room for what it writes. */
  reserve(bytes: number): void {
    if (this.pos + bytes <= this.data.length) return
    const grown = new Uint8Array(Math.max(2 * this.data.length, this.pos + bytes))
    grown.set(this.data.subarray(0, this.pos))
    this.data = grown
    this.view = new DataView(grown.buffer)
  }

  byte(value: number): void {
    this.data[this.pos++] = value
  }

  /** Short constant bytes. */
  raw(bytes: Uint8Array): void {
    const { data } = this
    let p = this.pos
    for (let i = 0; i < bytes.length; i++) data[p++] = bytes[i] as number
    this.pos = p
  }

  /** Constant bytes of any length, given in words of four; needs up to 3 bytes more than there are. */
  words(words: Int32Array, length: number): void {
    const { view } = this
    const p = this.pos
    for (let i = 0; i < words.length; i++) view.setInt32(p + 4 * i, words[i] as number, true)
    this.pos = p + length
  }

  /** Copies `length` bytes; where none is needed behind them, up to 3 bytes more are overwritten. */
  copy(source: Uint8Array, start: number, length: number): void {
    if (length > 64) {
      this.data.set(source.subarray(start, start + length), this.pos)
    } else {
      const { data } = this
      const p = this.pos
      for (let i = 0; i < length; i++) data[p + i] = source[start + i] as number
    }
    this.pos += length
  }

  ascii(text: string): void {
    const { data } = this
    let p = this.pos
    for (let i = 0; i < text.length; i++) data[p++] = text.charCodeAt(i)
    this.pos = p
  }

  boolean(value: number): void {
    const { view } = this
    if (value === 1) {
      view.setInt32(this.pos, 0x65757274, true)
      this.pos += 4
    } else {
      view.setInt32(this.pos, 0x736c6166, true)
      this.data[this.pos + 4] = 101
      this.pos += 5
    }
  }

  /** A whole number of at most 2^53 in magnitude. */
  integer(value: number): void {
    if (value < 0) {
      this.data[this.pos++] = 45
      this.#unsigned(-value)
    } else {
      this.#unsigned(value)
    }
  }

  #unsigned(value: number): void {
    if (value < 100_000_000) {
      this.#small(value | 0)
    } else {
      const high = Math.floor(value / 100_000_000)
      this.#unsigned(high)
      this.#padded(value - high * 100_000_000, 8)
    }
  }

  #small(value: number): void {
    const digits =
      value < 10000
        ? value < 100
          ? value < 10
            ? 1
            : 2
          : value < 1000
            ? 3
            : 4
        : value < 1_000_000
          ? value < 100_000
            ? 5
            : 6
          : value < 10_000_000
            ? 7
            : 8
    this.#padded(value, digits)
  }

  /** Exactly `digits` (at most 9) digits, with leading zeros. */
  #padded(number: number, digits: number): void {
    const { data } = this
    let value = number | 0
    let at = this.pos + digits
    const start = this.pos
    while (at - start >= 2) {
      const quotient = (value / 100) | 0
      const pair = (value - quotient * 100) << 1
      data[--at] = DIGIT_PAIRS[pair + 1] as number
      data[--at] = DIGIT_PAIRS[pair] as number
      value = quotient
    }
    if (at > start) data[--at] = 48 + value
    this.pos = start + digits
  }

  /** Row `row` of a 64-bit column, given as 32-bit halves. */
  long(words: Int32Array, values: BigInt64Array, row: number): void {
    const high = words[2 * row + 1] as number
    if (high >= -2097152 && high < 2097152) this.integer(high * TWO_32 + ((words[2 * row] as number) >>> 0))
    else this.ascii(String(values[row]))
  }

  /** As Java's Double.toString. NaN and the infinities come without quotes. */
  double(value: number): void {
    const absolute = Math.abs(value)
    // At most 15 digits that give the number back are its shortest text.
    if (absolute >= 1e-3 && absolute < 1e9) {
      const scaled = Math.round(absolute * 1e6)
      if (scaled < 1e15 && scaled / 1e6 === absolute) {
        if (absolute < 1e7) this.#fixed(value < 0, scaled)
        else this.#scientific(value < 0, scaled, 6)
        return
      }
      if (absolute < 1e7) return this.ascii(String(value))
    } else if (absolute >= 1e9 && absolute < 1e15 && Number.isInteger(absolute)) {
      return this.#scientific(value < 0, absolute, 0)
    }
    this.ascii(floatText(value, false))
  }

  /** Digits with a point behind the first and the exponent: `6.9405E7`. */
  #scientific(negative: boolean, digits: number, scale: number): void {
    if (negative) this.data[this.pos++] = 45
    const start = this.pos + 1
    this.pos = start
    this.#unsigned(digits)
    const { data } = this
    const exponent = this.pos - start - 1 - scale
    data[start - 1] = data[start] as number
    data[start] = 46
    this.#trimZeros(this.pos - start - 2)
    if (this.pos === start + 1) data[this.pos++] = 48
    data[this.pos++] = 69
    this.#unsigned(exponent)
  }

  /** As Java's Float.toString. */
  float(value: number): void {
    const absolute = Math.abs(value)
    if (absolute >= 1e-3 && absolute < 1e6) {
      const scaled = Math.round(absolute * 1e3)
      if (scaled < 1e6 && Math.fround(scaled / 1e3) === absolute) return this.#fixed(value < 0, scaled * 1e3)
    }
    this.ascii(floatText(value, true))
  }

  /** Millionths, with at least one digit behind the point and no other trailing zero. */
  #fixed(negative: boolean, millionths: number): void {
    if (negative) this.data[this.pos++] = 45
    const whole = Math.floor(millionths / 1e6)
    this.#unsigned(whole)
    this.data[this.pos++] = 46
    this.#padded(millionths - whole * 1e6, 6)
    this.#trimZeros(5)
  }

  #trimZeros(most: number): void {
    const { data } = this
    let p = this.pos
    for (let i = 0; i < most && data[p - 1] === 48; i++) p--
    this.pos = p
  }

  /** Row `row` of a DECIMAL of up to 18 digits: plain, with all digits of the scale. */
  decimal(words: Int32Array, values: BigInt64Array, row: number, scale: number): void {
    const high = words[2 * row + 1] as number
    if (high < -2097152 || high >= 2097152 || scale > 8) return this.ascii(decimalText(values[row] as bigint, scale))
    let value = high * TWO_32 + ((words[2 * row] as number) >>> 0)
    if (value < 0) {
      this.data[this.pos++] = 45
      value = -value
    }
    if (scale === 0) return this.#unsigned(value)
    const whole = Math.floor(value / (POWERS[scale] as number))
    this.#unsigned(whole)
    this.data[this.pos++] = 46
    this.#padded(value - whole * (POWERS[scale] as number), scale)
  }

  /** `yyyy-MM-dd`. */
  date(days: number): void {
    if (days !== this.#lastDay) {
      const { year, month, day } = civilFromDays(days)
      if (year < 0 || year > 9999) return this.ascii(longDate(year, month, day))
      const start = this.pos
      this.#padded(year, 4)
      this.data[this.pos++] = 45
      this.#padded(month, 2)
      this.data[this.pos++] = 45
      this.#padded(day, 2)
      this.#dayText.set(this.data.subarray(start, start + 10))
      this.#lastDay = days
      return
    }
    this.raw(this.#dayText)
  }

  /** `HH:mm:ss` and the fraction, if there is one, without trailing zeros. */
  time(milliseconds: number, nanos: number): void {
    const seconds = (milliseconds / 1000) | 0
    const minutes = (seconds / 60) | 0
    const hours = (minutes / 60) | 0
    const { data } = this
    this.#padded(hours, 2)
    data[this.pos++] = 58
    this.#padded(minutes - hours * 60, 2)
    data[this.pos++] = 58
    this.#padded(seconds - minutes * 60, 2)
    const fraction = milliseconds - seconds * 1000
    if (fraction === 0 && nanos === 0) return
    data[this.pos++] = 46
    this.#padded(fraction, 3)
    if (nanos !== 0) this.#padded(nanos, 6)
    this.#trimZeros(8)
  }

  /** `yyyy-MM-dd`, the separator, `HH:mm:ss[.fraction]` of a TIMESTAMP column's row. */
  timestamp(words: Int32Array, values: BigInt64Array, row: number, unitsPerMilli: number, separator: number): void {
    const high = words[2 * row + 1] as number
    let milliseconds: number
    let nanos = 0
    if (unitsPerMilli === 1_000_000 || high < -2097152 || high >= 2097152) {
      const units = BigInt(unitsPerMilli)
      const value = values[row] as bigint
      const rest = ((value % units) + units) % units
      milliseconds = Number((value - rest) / units)
      nanos = Number(rest) * (1_000_000 / unitsPerMilli)
    } else {
      const value = high * TWO_32 + ((words[2 * row] as number) >>> 0)
      milliseconds = unitsPerMilli === 1 ? value : Math.floor(value / 1000)
      if (unitsPerMilli !== 1) nanos = (value - milliseconds * 1000) * 1000
    }
    const days = Math.floor(milliseconds / DAY)
    this.date(days)
    this.data[this.pos++] = separator
    this.time(milliseconds - days * DAY, nanos)
  }

  /** The bytes in double quotes with JSON's escapes. Needs 6 bytes for each and 2 more. */
  jsonString(source: Uint8Array, view: DataView, start: number, length: number): void {
    const { data, view: out } = this
    const end = start + length
    let p = this.pos
    let s = start
    data[p++] = 34
    // Eight bytes at a time: copied first, looked at afterwards.
    for (const last = end - 8; s <= last; s += 8) {
      const x = view.getInt32(s, true)
      const y = view.getInt32(s + 4, true)
      out.setInt32(p, x, true)
      out.setInt32(p + 4, y, true)
      const a = x ^ 0x22222222
      const b = x ^ 0x5c5c5c5c
      const c = y ^ 0x22222222
      const d = y ^ 0x5c5c5c5c
      const first = ((a - 0x01010101) & ~a) | ((b - 0x01010101) & ~b) | ((x - 0x20202020) & ~x)
      const second = ((c - 0x01010101) & ~c) | ((d - 0x01010101) & ~d) | ((y - 0x20202020) & ~y)
      p = ((first | second) & 0x80808080) === 0 ? p + 8 : escapeJson(data, p, source, s, s + 8)
    }
    for (; s < end; s++) {
      const c = source[s] as number
      if (c === 34 || c === 92 || c < 32) p = escapeJson(data, p, source, s, s + 1)
      else data[p++] = c
    }
    data[p++] = 34
    this.pos = p
  }

  base64(source: Uint8Array, start: number, length: number): void {
    this.ascii(Buffer.from(source.buffer, source.byteOffset + start, length).toString('base64'))
  }
}

function longDate(year: number, month: number, day: number): string {
  const sign = year < 0 ? '-' : '+'
  const digits = String(Math.abs(year)).padStart(4, '0')
  return `${sign}${digits}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
}

const HEX_DIGITS = Buffer.from('0123456789ABCDEF')

/** Byte → letter of its short escape; 0: none. */
const SHORT_ESCAPES = new Uint8Array(128)
for (const [byte, letter] of [
  [34, '"'],
  [92, '\\'],
  [8, 'b'],
  [12, 'f'],
  [10, 'n'],
  [13, 'r'],
  [9, 't'],
] as const) {
  SHORT_ESCAPES[byte] = letter.charCodeAt(0)
}

function escapeJson(out: Uint8Array, at: number, source: Uint8Array, start: number, end: number): number {
  let p = at
  for (let s = start; s < end; s++) {
    const c = source[s] as number
    const short = c < 128 ? (SHORT_ESCAPES[c] as number) : 0
    if (short !== 0) {
      out[p++] = 92
      out[p++] = short
    } else if (c < 32) {
      out[p++] = 92
      out[p++] = 117
      out[p++] = 48
      out[p++] = 48
      out[p++] = HEX_DIGITS[c >> 4] as number
      out[p++] = HEX_DIGITS[c & 15] as number
    } else {
      out[p++] = c
    }
  }
  return p
}
