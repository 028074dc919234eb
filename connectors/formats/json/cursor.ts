/**
 * Reads JSON text from bytes, value by value, accepting exactly what `JSON.parse` accepts (RFC 8259: no control
 * characters in strings, no leading zeros, four kinds of whitespace, nothing behind the document).
 */
import { decodeText } from '../../../core/column-ops.ts'
import type { SideText } from '../column-writer.ts'

export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError'
}

/** Deeper than this the record is refused rather than the stack exhausted. */
const MAX_DEPTH = 500

const QUOTE = 34
const BACKSLASH = 92

export class JsonCursor {
  data: Uint8Array = new Uint8Array(0)
  pos = 0
  end = 0
  #first = 0
  #depth = 0
  readonly side: SideText
  /** Where the last string (without quotes, unescaped) or scalar stands; a negative start is in `side`. */
  textStart = 0
  textLength = 0

  constructor(side: SideText) {
    this.side = side
  }

  reset(data: Uint8Array, start: number, end: number): void {
    this.data = data
    this.pos = start
    this.end = end
    this.#first = start
    this.#depth = 0
  }

  /** Skips whitespace and returns the byte there, or -1 at the end. */
  peek(): number {
    const { data, end } = this
    let p = this.pos
    while (p < end) {
      const c = data[p] as number
      if (c !== 32 && c !== 10 && c !== 13 && c !== 9) {
        this.pos = p
        return c
      }
      p++
    }
    this.pos = p
    return -1
  }

  /** Consumes the byte if it comes next, whitespace skipped. */
  accept(byte: number): boolean {
    if (this.peek() !== byte) return false
    this.pos++
    return true
  }

  expect(byte: number, what: string): void {
    if (!this.accept(byte)) this.fail(what)
  }

  fail(expected: string): never {
    const c = this.peek()
    const found =
      c < 0
        ? 'the end of the record'
        : `"${decodeText(this.data, this.pos, Math.min(sequenceLength(c), this.end - this.pos))}"`
    throw new JsonSyntaxError(`expected ${expected} but found ${found} at byte ${this.pos - this.#first}`)
  }

  /** Nothing but whitespace may follow. */
  finish(): void {
    if (this.peek() !== -1) this.fail('the end of the record')
  }

  enter(): void {
    if (++this.#depth > MAX_DEPTH) throw new JsonSyntaxError(`nested deeper than ${MAX_DEPTH} levels`)
  }

  leave(): void {
    this.#depth--
  }

  /** Reads a string; its text is at `textStart`, `textLength`. */
  readString(): void {
    if (this.peek() !== QUOTE) this.fail('a string')
    const { data, end } = this
    const start = this.pos + 1
    for (let p = start; p < end; p++) {
      const c = data[p] as number
      if (c === QUOTE) {
        this.textStart = start
        this.textLength = p - start
        this.pos = p + 1
        return
      }
      if (c === BACKSLASH) return this.#readEscaped(start, p)
      if (c < 32) this.#failControl(p)
    }
    this.pos = end
    this.fail('the closing quote of a string')
  }

  #failControl(at: number): never {
    const code = (this.data[at] as number).toString(16).padStart(2, '0')
    throw new JsonSyntaxError(`control character 0x${code} in a string at byte ${at - this.#first}`)
  }

  #readEscaped(start: number, firstEscape: number): void {
    const { data, end, side } = this
    side.reserve(end - start)
    const out = side.data
    let o = side.size
    for (let p = start; p < firstEscape; p++) out[o++] = data[p] as number
    for (let p = firstEscape; p < end; p++) {
      const c = data[p] as number
      if (c === QUOTE) {
        this.textStart = -1 - side.size
        this.textLength = o - side.size
        side.size = o
        this.pos = p + 1
        return
      }
      if (c < 32) this.#failControl(p)
      if (c !== BACKSLASH) {
        out[o++] = c
        continue
      }
      p++
      const escape = data[p] as number
      if (p < end && escape === 117) {
        let code = this.#hex(p + 1)
        p += 4
        if (code >= 0xd800 && code < 0xdc00 && p + 2 < end && data[p + 1] === BACKSLASH && data[p + 2] === 117) {
          const low = this.#hex(p + 3)
          if (low >= 0xdc00 && low < 0xe000) {
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00)
            p += 6
          }
        }
        o = writeUtf8(out, o, code)
      } else {
        const plain = p < end ? (ESCAPES[escape] ?? 0) : 0
        if (plain === 0) {
          this.pos = Math.min(p, end)
          this.fail('an escape sequence')
        }
        out[o++] = plain
      }
    }
    this.pos = end
    this.fail('the closing quote of a string')
  }

  #hex(at: number): number {
    let code = 0
    for (let p = at; p < at + 4; p++) {
      const digit = p < this.end ? (HEX[this.data[p] as number] ?? -1) : -1
      if (digit < 0) {
        this.pos = Math.min(p, this.end)
        this.fail('four hexadecimal digits')
      }
      code = code * 16 + digit
    }
    return code
  }

  /** Reads a number, checked against the grammar; its text is at `textStart`. Returns whether it is whole. */
  readNumber(): boolean {
    const c = this.peek()
    const start = this.pos
    if (c === 45) this.pos++
    const first = this.#digit()
    if (first === 48) {
      this.pos++
    } else if (first >= 0) {
      this.#digits()
    } else {
      this.fail('a value')
    }
    let whole = true
    if (this.#at(46)) {
      whole = false
      this.pos++
      this.#digits()
    }
    if (this.#at(101) || this.#at(69)) {
      whole = false
      this.pos++
      if (this.#at(43) || this.#at(45)) this.pos++
      this.#digits()
    }
    this.textStart = start
    this.textLength = this.pos - start
    return whole
  }

  #at(byte: number): boolean {
    return this.pos < this.end && this.data[this.pos] === byte
  }

  /** The digit at the cursor, or -1. */
  #digit(): number {
    const c = this.pos < this.end ? (this.data[this.pos] as number) : -1
    return c >= 48 && c <= 57 ? c : -1
  }

  #digits(): void {
    if (this.#digit() < 0) this.fail('a digit')
    while (this.#digit() >= 0) this.pos++
  }

  /** Consumes `true`, `false` or `null`; its text is at `textStart`. */
  readLiteral(): void {
    const c = this.peek()
    const word = c === 116 ? TRUE : c === 102 ? FALSE : c === 110 ? NULL : undefined
    if (word === undefined) this.fail('a value')
    for (let i = 0; i < word.length; i++) {
      if (this.pos + i >= this.end || this.data[this.pos + i] !== word[i]) this.fail('a value')
    }
    this.textStart = this.pos
    this.textLength = word.length
    this.pos += word.length
  }

  /** Reads any scalar; returns its first byte. */
  readScalar(): number {
    const c = this.peek()
    if (c === QUOTE) this.readString()
    else if (c === 116 || c === 102 || c === 110) this.readLiteral()
    else this.readNumber()
    return c
  }

  text(): string {
    return this.textStart >= 0
      ? decodeText(this.data, this.textStart, this.textLength)
      : decodeText(this.side.data, -1 - this.textStart, this.textLength)
  }

  /** The bytes of the last text; valid until the next read. */
  textBytes(): Uint8Array {
    const start = this.textStart
    return start >= 0
      ? this.data.subarray(start, start + this.textLength)
      : this.side.data.subarray(-1 - start, -1 - start + this.textLength)
  }

  /** Skips a value of any kind, checking it. Text of escaped strings is dropped again. */
  skipValue(): void {
    const c = this.peek()
    if (c === 123 || c === 91) {
      this.enter()
      this.pos++
      if (c === 123) this.#skipObject()
      else this.#skipArray()
      this.leave()
    } else {
      const side = this.side.size
      this.readScalar()
      this.side.size = side
    }
  }

  #skipObject(): void {
    if (this.accept(125)) return
    do {
      const side = this.side.size
      this.readString()
      this.side.size = side
      this.expect(58, '":"')
      this.skipValue()
    } while (this.accept(44))
    this.expect(125, '"," or "}"')
  }

  #skipArray(): void {
    if (this.accept(93)) return
    do {
      this.skipValue()
    } while (this.accept(44))
    this.expect(93, '"," or "]"')
  }
}

const TRUE = Buffer.from('true')
const FALSE = Buffer.from('false')
const NULL = Buffer.from('null')

/** Byte behind a backslash → the byte it means; 0: none. */
const ESCAPES = new Uint8Array(256)
for (const [from, to] of ['""', '\\\\', '//', 'b\b', 'f\f', 'n\n', 'r\r', 't\t'].map((pair) => [...pair])) {
  ESCAPES[(from as string).charCodeAt(0)] = (to as string).charCodeAt(0)
}

const HEX = new Int8Array(256).fill(-1)
for (const [value, digit] of [...'0123456789abcdef'].entries()) {
  HEX[digit.charCodeAt(0)] = value
  HEX[digit.toUpperCase().charCodeAt(0)] = value
}

function sequenceLength(first: number): number {
  return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
}

/** Half of a surrogate pair becomes U+FFFD, as in every UTF-8 encoder. */
function writeUtf8(out: Uint8Array, at: number, code: number): number {
  let o = at
  const c = code >= 0xd800 && code < 0xe000 ? 0xfffd : code
  if (c < 0x80) {
    out[o++] = c
  } else if (c < 0x800) {
    out[o++] = 0xc0 | (c >> 6)
    out[o++] = 0x80 | (c & 63)
  } else if (c < 0x10000) {
    out[o++] = 0xe0 | (c >> 12)
    out[o++] = 0x80 | ((c >> 6) & 63)
    out[o++] = 0x80 | (c & 63)
  } else {
    out[o++] = 0xf0 | (c >> 18)
    out[o++] = 0x80 | ((c >> 12) & 63)
    out[o++] = 0x80 | ((c >> 6) & 63)
    out[o++] = 0x80 | (c & 63)
  }
  return o
}
