/** The text being typed and the cursor in it: pure editing, no terminal. Offsets are UTF-16 code units. */

export class EditBuffer {
  #text = ''
  #cursor = 0
  /** What the last kill (Ctrl-K, Ctrl-U, Ctrl-W) took away, for Ctrl-Y. */
  #killed = ''

  get text(): string {
    return this.#text
  }

  get cursor(): number {
    return this.#cursor
  }

  replace(text: string, cursor = text.length): void {
    this.#text = text
    this.#cursor = Math.max(0, Math.min(cursor, text.length))
  }

  insert(text: string): void {
    this.#text = this.#text.slice(0, this.#cursor) + text + this.#text.slice(this.#cursor)
    this.#cursor += text.length
  }

  /** Replaces `[start, cursor)`, as a completion does. */
  replaceBefore(start: number, text: string): void {
    this.#text = this.#text.slice(0, start) + text + this.#text.slice(this.#cursor)
    this.#cursor = start + text.length
  }

  backspace(): void {
    this.#remove(this.#previous(this.#cursor), this.#cursor)
  }

  delete(): void {
    this.#remove(this.#cursor, this.#next(this.#cursor))
  }

  left(): void {
    this.#cursor = this.#previous(this.#cursor)
  }

  right(): void {
    this.#cursor = this.#next(this.#cursor)
  }

  wordLeft(): void {
    this.#cursor = this.#wordStart()
  }

  wordRight(): void {
    const rest = this.#text.slice(this.#cursor)
    this.#cursor += /^\W*\w*/.exec(rest)?.[0].length ?? 0
  }

  lineStart(): void {
    this.#cursor = this.#text.lastIndexOf('\n', this.#cursor - 1) + 1
  }

  lineEnd(): void {
    const end = this.#text.indexOf('\n', this.#cursor)
    this.#cursor = end < 0 ? this.#text.length : end
  }

  /** @returns false on the first line: the caller then goes back in history */
  up(): boolean {
    const start = this.#text.lastIndexOf('\n', this.#cursor - 1) + 1
    if (start === 0) return false
    const column = this.#cursor - start
    const aboveStart = this.#text.lastIndexOf('\n', start - 2) + 1
    this.#cursor = Math.min(aboveStart + column, start - 1)
    return true
  }

  /** @returns false on the last line */
  down(): boolean {
    const end = this.#text.indexOf('\n', this.#cursor)
    if (end < 0) return false
    const column = this.#cursor - (this.#text.lastIndexOf('\n', this.#cursor - 1) + 1)
    const belowEnd = this.#text.indexOf('\n', end + 1)
    this.#cursor = Math.min(end + 1 + column, belowEnd < 0 ? this.#text.length : belowEnd)
    return true
  }

  killToLineEnd(): void {
    const end = this.#text.indexOf('\n', this.#cursor)
    const until = end === this.#cursor ? end + 1 : end < 0 ? this.#text.length : end
    this.#kill(this.#cursor, until)
  }

  killToLineStart(): void {
    this.#kill(this.#text.lastIndexOf('\n', this.#cursor - 1) + 1, this.#cursor)
  }

  killWord(): void {
    this.#kill(this.#wordStart(), this.#cursor)
  }

  yank(): void {
    this.insert(this.#killed)
  }

  #wordStart(): number {
    const before = this.#text.slice(0, this.#cursor)
    return before.length - (/\w*\W*$/.exec(before)?.[0].length ?? 0)
  }

  #kill(start: number, end: number): void {
    this.#killed = this.#text.slice(start, end)
    this.#remove(start, end)
  }

  #remove(start: number, end: number): void {
    this.#text = this.#text.slice(0, start) + this.#text.slice(end)
    this.#cursor = start
  }

  /** A character outside of the basic plane is two code units and is never cut in half. */
  #previous(at: number): number {
    const pair = at >= 2 && /^[\ud800-\udbff][\udc00-\udfff]$/.test(this.#text.slice(at - 2, at))
    return Math.max(0, at - (pair ? 2 : 1))
  }

  #next(at: number): number {
    const pair = /^[\ud800-\udbff][\udc00-\udfff]$/.test(this.#text.slice(at, at + 2))
    return Math.min(this.#text.length, at + (pair ? 2 : 1))
  }
}
