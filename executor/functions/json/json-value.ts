/** JSON text ⇄ values that keep the digits of their numbers, as the JSON functions need them. */

/** A number as it stands in the text: `2.50` stays `2.50`. */
export class JsonNumber {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

export type JsonObject = ReadonlyMap<string, JsonValue>
export type JsonValue = null | boolean | string | JsonNumber | readonly JsonValue[] | JsonObject

/** A value, or why the text has none. */
export type JsonDocument = { readonly value: JsonValue } | { readonly error: string }

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const STRING_TEXT = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
const BLANK = /[ \t\n\r]*/y
const DEEPEST = 1000

export function parseJson(text: string): JsonDocument {
  const reader = new JsonReader(text)
  try {
    const value = reader.value(0)
    reader.skip()
    return reader.at === text.length ? { value } : { error: reader.complaint() }
  } catch (error) {
    if (error instanceof SyntaxError) return { error: error.message }
    throw error
  }
}

class JsonReader {
  at = 0
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  complaint(): string {
    return this.at >= this.#text.length
      ? 'the text ends too early'
      : `'${this.#text.slice(this.at, this.at + 20)}' is not expected at character ${this.at + 1}`
  }

  skip(): void {
    BLANK.lastIndex = this.at
    BLANK.exec(this.#text)
    this.at = BLANK.lastIndex
  }

  value(depth: number): JsonValue {
    if (depth > DEEPEST) throw new SyntaxError(`values are nested deeper than ${DEEPEST} levels`)
    this.skip()
    switch (this.#text[this.at]) {
      case '{':
        return this.#object(depth)
      case '[':
        return this.#array(depth)
      case '"':
        return this.#string()
      default:
        return this.#scalar()
    }
  }

  #take(character: string): boolean {
    this.skip()
    if (this.#text[this.at] !== character) return false
    this.at++
    return true
  }

  #expect(character: string): void {
    if (!this.#take(character)) throw new SyntaxError(this.complaint())
  }

  #object(depth: number): JsonObject {
    this.at++
    const fields = new Map<string, JsonValue>()
    if (this.#take('}')) return fields
    do {
      this.skip()
      const key = this.#string()
      this.#expect(':')
      fields.set(key, this.value(depth + 1))
    } while (this.#take(','))
    this.#expect('}')
    return fields
  }

  #array(depth: number): readonly JsonValue[] {
    this.at++
    const items: JsonValue[] = []
    if (this.#take(']')) return items
    do items.push(this.value(depth + 1))
    while (this.#take(','))
    this.#expect(']')
    return items
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.#text)?.[0]
    if (found !== undefined) this.at += found.length
    return found
  }

  #string(): string {
    const token = this.#match(STRING_TEXT)
    if (token === undefined) throw new SyntaxError(this.complaint())
    return JSON.parse(token) as string
  }

  #scalar(): JsonValue {
    for (const [word, value] of [
      ['true', true],
      ['false', false],
      ['null', null],
    ] as const) {
      if (!this.#text.startsWith(word, this.at)) continue
      this.at += word.length
      return value
    }
    const token = this.#match(NUMBER)
    if (token === undefined) throw new SyntaxError(this.complaint())
    return new JsonNumber(token)
  }
}

export function isJsonArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}

export function isJsonScalar(value: JsonValue): value is null | boolean | string | JsonNumber {
  return !(value instanceof Map) && !isJsonArray(value)
}

/** Without blanks, the keys of objects in the order of their code units. */
export function writeJson(value: JsonValue): string {
  if (value instanceof JsonNumber) return numberText(value)
  if (isJsonArray(value)) return `[${value.map(writeJson).join(',')}]`
  if (value instanceof Map) {
    const entries = [...(value as JsonObject)].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${writeJson(item)}`).join(',')}}`
  }
  return JSON.stringify(value)
}

/** A scalar as SQL text: strings without their quotes. */
export function scalarText(value: boolean | string | JsonNumber): string {
  return value instanceof JsonNumber ? numberText(value) : String(value)
}

/** Integers and fractions as they are written, `1e3` as `1E+3`: a decimal number in the notation of Java. */
function numberText({ text }: JsonNumber): string {
  if (/^-?\d+$/.test(text)) return text === '-0' ? '0' : text
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? []
  const digits = (whole + fraction).replace(/^0+(?=\d)/, '')
  const minus = /^0+$/.test(digits) ? '' : sign
  const scale = fraction.length - Number(exponent)
  const adjusted = digits.length - 1 - scale
  if (scale < 0 || adjusted < -6) {
    const mantissa = digits.length > 1 ? `${digits[0] ?? ''}.${digits.slice(1)}` : digits
    return `${minus}${mantissa}E${adjusted < 0 ? '' : '+'}${adjusted}`
  }
  if (scale === 0) return minus + digits
  const padded = digits.padStart(scale + 1, '0')
  return `${minus}${padded.slice(0, -scale)}.${padded.slice(-scale)}`
}
