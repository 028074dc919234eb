/** The statements typed before, across sessions: one a line, line breaks escaped. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

const LIMIT = 1000

export class History {
  readonly #file: string | undefined
  readonly #entries: string[] = []

  /** @param file undefined: this session only */
  constructor(file: string | undefined) {
    this.#file = file
    if (file === undefined || !existsSync(file)) return
    const lines = readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
    this.#entries = lines.slice(-LIMIT).map(unescapeLine)
    if (lines.length > 2 * LIMIT) writeFileSync(file, `${this.#entries.map(escapeLine).join('\n')}\n`, { mode: 0o600 })
  }

  get size(): number {
    return this.#entries.length
  }

  at(index: number): string | undefined {
    return this.#entries[index]
  }

  /** What cannot be saved is still there for this session: a read-only home must not end the shell. */
  add(statement: string): void {
    if (statement.trim() === '' || statement === this.#entries.at(-1)) return
    this.#entries.push(statement)
    if (this.#file === undefined) return
    try {
      mkdirSync(dirname(this.#file), { recursive: true })
      appendFileSync(this.#file, `${escapeLine(statement)}\n`, { mode: 0o600 })
    } catch {
      return
    }
  }

  /** The newest entry before `from` that contains the text. */
  search(text: string, from = this.#entries.length): number | undefined {
    for (let index = from - 1; index >= 0; index--) {
      if (this.#entries[index]?.includes(text) === true) return index
    }
    return undefined
  }
}

function escapeLine(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

function unescapeLine(line: string): string {
  return line.replace(/\\(n|\\)/g, (_, character: string) => (character === 'n' ? '\n' : '\\'))
}
