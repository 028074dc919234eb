/** The syntax of the expressions of `byte-pattern.ts`, and their choices: what may match, written out. */

/** What is matched one behind the other. */
export type Item =
  | { readonly kind: 'byte'; readonly byte: number }
  /** One byte of a class of ASCII characters. */
  | { readonly kind: 'one'; readonly bytes: Uint8Array }
  /** As many bytes of a class as there are; it has no byte of other characters than ASCII's, or all of them. */
  | { readonly kind: 'many'; readonly bytes: Uint8Array; readonly atLeast: 0 | 1 }
  | { readonly kind: 'start' }
  | { readonly kind: 'end' }
  | { readonly kind: 'open'; readonly group: number }
  | { readonly kind: 'close'; readonly group: number }

export type PatternNode =
  | { readonly kind: 'items'; readonly items: readonly Item[] }
  | { readonly kind: 'sequence'; readonly parts: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly options: readonly PatternNode[] }

const MOST_CHOICES = 8

/** Undefined where there are many. */
export function choicesOf(node: PatternNode): readonly (readonly Item[])[] | undefined {
  switch (node.kind) {
    case 'items':
      return [node.items]
    case 'choice': {
      const options = node.options.map(choicesOf)
      const all = options.flatMap((choices) => choices ?? [])
      return options.includes(undefined) || all.length > MOST_CHOICES ? undefined : all
    }
    case 'sequence': {
      let all: readonly (readonly Item[])[] = [[]]
      for (const part of node.parts) {
        const choices = choicesOf(part)
        if (choices === undefined || all.length * choices.length > MOST_CHOICES) return undefined
        all = all.flatMap((before) => choices.map((behind) => [...before, ...behind]))
      }
      return all
    }
  }
}

/** Undefined where the expression has anything else. */
export function parsePattern(pattern: string): { readonly node: PatternNode; readonly groups: number } | undefined {
  const parser = new Parser(pattern)
  const inner = parser.alternatives()
  if (inner === undefined || !parser.isAtEnd) return undefined
  return { node: grouped(0, inner), groups: parser.groups }
}

function grouped(group: number, node: PatternNode): PatternNode {
  const mark = (kind: 'open' | 'close'): PatternNode => ({ kind: 'items', items: [{ kind, group }] })
  return { kind: 'sequence', parts: [mark('open'), node, mark('close')] }
}

/** A character class, with all bytes of other characters than ASCII's or none. */
function classOf(has: (code: number) => boolean, others: boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => Number(code < 0x80 ? has(code) : others))
}

const SYNTAX = '\\^$.*+?()[]{}|'

class Parser {
  readonly #characters: readonly string[]
  #at = 0
  groups = 0

  constructor(pattern: string) {
    this.#characters = [...pattern]
  }

  get isAtEnd(): boolean {
    return this.#at === this.#characters.length
  }

  alternatives(): PatternNode | undefined {
    const options: PatternNode[] = []
    do {
      const option = this.#sequence()
      if (option === undefined) return undefined
      options.push(option)
    } while (this.#take('|'))
    return options.length === 1 ? options[0] : { kind: 'choice', options }
  }

  #take(character: string): boolean {
    if (this.#characters[this.#at] !== character) return false
    this.#at++
    return true
  }

  #sequence(): PatternNode | undefined {
    const parts: PatternNode[] = []
    while (!this.isAtEnd && this.#characters[this.#at] !== '|' && this.#characters[this.#at] !== ')') {
      const part = this.#part()
      if (part === undefined) return undefined
      parts.push(part)
    }
    return { kind: 'sequence', parts }
  }

  #part(): PatternNode | undefined {
    if (this.#take('(')) return this.#group()
    if (this.#take('^')) return this.#anchor('start')
    if (this.#take('$')) return this.#anchor('end')
    const character = this.#characters[this.#at++] ?? ''
    if (character === '[') {
      const bytes = this.#class()
      return bytes === undefined ? undefined : this.#repeated(bytes)
    }
    const bytes = character === '\\' ? this.#escape() : undefined
    if (bytes !== undefined) return this.#repeated(bytes)
    const literal = character === '\\' ? this.#escaped() : SYNTAX.includes(character) ? undefined : character
    return literal === undefined ? undefined : this.#literal(literal)
  }

  /** No repetition of anchors. */
  #anchor(kind: 'start' | 'end'): PatternNode | undefined {
    return this.#quantifier() === '' ? { kind: 'items', items: [{ kind }] } : undefined
  }

  #group(): PatternNode | undefined {
    let group = -1
    if (this.#take('?')) {
      if (!this.#take(':')) return undefined
    } else group = ++this.groups
    const inner = this.alternatives()
    if (inner === undefined || !this.#take(')') || this.#quantifier() !== '') return undefined
    return group < 0 ? inner : grouped(group, inner)
  }

  /** The quantifier that comes next: `* + ?`, none, or undefined for those that are not understood. */
  #quantifier(): '' | '*' | '+' | '?' | undefined {
    const next = this.#characters[this.#at] ?? ''
    if (next === '{') return undefined
    if (next !== '*' && next !== '+' && next !== '?') return ''
    const further = this.#characters[++this.#at] ?? ''
    return further !== '' && '*+?{'.includes(further) ? undefined : next
  }

  #literal(character: string): PatternNode | undefined {
    const bytes = new TextEncoder().encode(character)
    if (bytes.length > 1) {
      // A lone surrogate is encoded as another character.
      if (this.#quantifier() !== '' || /\p{Cs}/u.test(character)) return undefined
      return { kind: 'items', items: Array.from(bytes, (byte): Item => ({ kind: 'byte', byte })) }
    }
    const quantifier = this.#quantifier()
    const items: readonly Item[] = [{ kind: 'byte', byte: bytes[0] ?? 0 }]
    if (quantifier === '') return { kind: 'items', items }
    return this.#quantified(
      classOf((code) => code === bytes[0], false),
      quantifier,
    )
  }

  #repeated(bytes: Uint8Array): PatternNode | undefined {
    return this.#quantified(bytes, this.#quantifier())
  }

  #quantified(bytes: Uint8Array, quantifier: '' | '*' | '+' | '?' | undefined): PatternNode | undefined {
    if (quantifier === undefined) return undefined
    if (quantifier === '*' || quantifier === '+') {
      return { kind: 'items', items: [{ kind: 'many', bytes, atLeast: quantifier === '+' ? 1 : 0 }] }
    }
    // A single one of other characters is two bytes or more; JavaScript takes one half of some.
    if (bytes[0x80] === 1) return undefined
    const one: PatternNode = { kind: 'items', items: [{ kind: 'one', bytes }] }
    return quantifier === '' ? one : { kind: 'choice', options: [one, { kind: 'items', items: [] }] }
  }

  /** A class by its letter, after the backslash. */
  #escape(): Uint8Array | undefined {
    const letter = this.#characters[this.#at] ?? ''
    const known = ({ d: /\d/, D: /\D/, w: /\w/, W: /\W/ } as Readonly<Record<string, RegExp>>)[letter]
    if (known === undefined) return undefined
    this.#at++
    return classOf((code) => known.test(String.fromCharCode(code)), letter === 'D' || letter === 'W')
  }

  /** A character of syntax, after the backslash. */
  #escaped(): string | undefined {
    const character = this.#characters[this.#at++] ?? ''
    return character !== '' && `${SYNTAX}/-&=:;,@#%"'<>!~ `.includes(character) ? character : undefined
  }

  /** After `[`: single ASCII characters, ranges, `\d`, `\w` and escaped syntax. */
  #class(): Uint8Array | undefined {
    const isNegated = this.#take('^')
    const members = new Uint8Array(128)
    while (!this.#take(']')) {
      const bytes = this.#characters[this.#at] === '\\' ? this.#classEscape() : undefined
      if (bytes !== undefined) {
        if (bytes[0x80] === 1 || this.#characters[this.#at] === '-') return undefined
        for (let code = 0; code < 128; code++) members[code] = (members[code] ?? 0) | (bytes[code] ?? 0)
        continue
      }
      const low = this.#member()
      if (low === undefined) return undefined
      let high: number | undefined = low
      if (this.#characters[this.#at] === '-' && this.#characters[this.#at + 1] !== ']') {
        this.#at++
        high = this.#member()
      }
      if (high === undefined || high < low) return undefined
      members.fill(1, low, high + 1)
    }
    return classOf((code) => (members[code] === 1) !== isNegated, isNegated)
  }

  #classEscape(): Uint8Array | undefined {
    this.#at++
    const bytes = this.#escape()
    if (bytes === undefined) this.#at--
    return bytes
  }

  #member(): number | undefined {
    const character = this.#take('\\') ? this.#escaped() : this.#characters[this.#at++]
    const code = character?.codePointAt(0)
    // Java has classes in classes.
    return code === undefined || code >= 0x80 || character === '[' ? undefined : code
  }
}
