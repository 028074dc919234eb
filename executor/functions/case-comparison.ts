/** UPPER and LOWER of a text compared with literals, without making the text. */
import { decodeText } from '../../core/column-ops.ts'
import type { Fragment, ViewFragment } from '../codegen/fragment.ts'
import type { Generator } from '../codegen/generator.ts'
import type { Call, Expression } from '../../planner/expression.ts'

/** The literals that one text is compared with, anywhere in the code: which one it is, is found out once a row. */
class Literals {
  readonly #upper: boolean
  readonly #texts: string[] = []
  readonly #bytes: Uint8Array[] = []
  /** Positions of the first literal that begins with a byte, and of the next with the same one; -1: none. */
  readonly #first = new Int32Array(256).fill(-1)
  readonly #next: number[] = []
  #empty = -1

  constructor(upper: boolean) {
    this.#upper = upper
  }

  /** @returns its position */
  add(text: string): number {
    const known = this.#texts.indexOf(text)
    if (known >= 0) return known
    const at = this.#texts.push(text) - 1
    const bytes = new TextEncoder().encode(text)
    this.#bytes.push(bytes)
    const [byte] = bytes
    this.#next.push(byte === undefined ? -1 : (this.#first[byte] ?? -1))
    if (byte === undefined) this.#empty = at
    else this.#first[byte] = at
    return at
  }

  /** Position of the literal that the text is, in upper or lower case; -1: none of them. */
  positionOf(data: Uint8Array, start: number, length: number): number {
    if (length === 0) return this.#empty
    const byte = data[start] as number
    if (byte >= 0x80) return this.#decoded(data, start, length)
    for (let at = this.#first[this.#mapped(byte)] as number; at >= 0; at = this.#next[at] as number) {
      const bytes = this.#bytes[at] as Uint8Array
      const common = Math.min(length, bytes.length)
      let same = 1
      for (; same < common; same++) {
        const other = data[start + same] as number
        if (other >= 0x80) return this.#decoded(data, start, length)
        if (this.#mapped(other) !== bytes[same]) break
      }
      // No character has a mapping without characters.
      if (same === common && length === bytes.length) return at
    }
    return -1
  }

  #mapped(byte: number): number {
    if (this.#upper) return byte >= 97 && byte <= 122 ? byte - 32 : byte
    return byte >= 65 && byte <= 90 ? byte + 32 : byte
  }

  /** A character that is not ASCII goes through JavaScript's mapping. */
  #decoded(data: Uint8Array, start: number, length: number): number {
    const text = decodeText(data, start, length)
    return this.#texts.indexOf(this.#upper ? text.toUpperCase() : text.toLowerCase())
  }
}

/**
 * Code for `LOWER(text) = 'literal'`, `UPPER(text) IN ('literal', …)` and their negations.
 *
 * @returns undefined where the call is none of these
 */
export function caseComparisonCode(generator: Generator, call: Call, negated: boolean): Fragment | undefined {
  const [first, second] = call.args
  if (first === undefined || second === undefined) return undefined
  const [mapped, others] = isCaseCall(first) || call.args.length > 2 ? [first, call.args.slice(1)] : [second, [first]]
  if (!isCaseCall(mapped)) return undefined
  const literals = others.map((other) => (other.kind === 'literal' ? other.value : undefined))
  const [input] = mapped.args
  if (input === undefined || !literals.every((value) => typeof value === 'string')) return undefined
  const text = generator.compile(input)
  if (text.representation !== 'view') return undefined
  const { list, position } = comparedWith(generator, text, mapped.function === 'UPPER')
  const tests = literals.map((value) => `${position} === ${list.add(value)}`).join(' || ')
  const { isNull } = text
  const value = generator.name('b')
  const code = negated ? `!(${tests})` : `(${tests})`
  generator.line(`const ${value} = ${isNull === '0' ? code : `${isNull} === 0 && ${code}`};`)
  return { representation: 'boolean', type: call.type, isNull, value }
}

interface Compared {
  readonly list: Literals
  /** Variable of the literal's position. */
  readonly position: string
}

/** Computed here, unless code before this has done so for every row that gets here. */
function comparedWith(generator: Generator, text: ViewFragment, upper: boolean): Compared {
  const key = `case ${upper} ${text.data} ${text.start} ${text.length}`
  const known = generator.recall(key) as Compared | undefined
  if (known !== undefined) return known
  const compared: Compared = { list: new Literals(upper), position: generator.name('p') }
  const list = generator.constant(compared.list)
  const search = `${list}.positionOf(${text.data}, ${text.start}, ${text.length})`
  generator.line(
    `const ${compared.position} = ${text.isNull === '0' ? search : `${text.isNull} === 0 ? ${search} : -1`};`,
  )
  generator.remember(key, compared)
  return compared
}

function isCaseCall(expression: Expression): expression is Call {
  return expression.kind === 'call' && (expression.function === 'LOWER' || expression.function === 'UPPER')
}
