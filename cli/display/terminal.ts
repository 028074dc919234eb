/** Where a command writes: lines that stay, and on a terminal a live block below them that is redrawn in place. */
import type { WriteStream } from 'node:tty'
import { textWidth } from './text-width.ts'

export class Terminal {
  readonly #stream: NodeJS.WriteStream | WriteStream
  #liveRows = 0

  constructor(stream: NodeJS.WriteStream | WriteStream) {
    this.#stream = stream
  }

  get isInteractive(): boolean {
    return this.#stream.isTTY === true
  }

  get columns(): number {
    return this.#stream.columns ?? 80
  }

  get rows(): number {
    return this.#stream.rows ?? 24
  }

  writeLines(lines: readonly string[]): void {
    this.write(lines.map((line) => `${line}\n`).join(''))
  }

  write(text: string): void {
    this.clearLive()
    if (text !== '') this.#stream.write(text)
  }

  /** Settles when the reader has taken what was written. */
  async drained(): Promise<void> {
    if (!this.#stream.writableNeedDrain) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#stream.once('drain', resolve)
    await promise
  }

  /** Replaces the live block. Not for output that is no terminal. */
  drawLive(lines: readonly string[]): void {
    const shown = lines.map((line) => cut(line, this.columns - 1))
    this.#stream.write(`${this.#eraser()}${shown.join('\n')}\n`)
    this.#liveRows = shown.length
  }

  clearLive(): void {
    if (this.#liveRows === 0) return
    this.#stream.write(this.#eraser())
    this.#liveRows = 0
  }

  #eraser(): string {
    return this.#liveRows === 0 ? '' : `\u001b[${this.#liveRows}A\r\u001b[J`
  }
}

function cut(line: string, width: number): string {
  if (textWidth(line) <= width) return line
  let kept = ''
  for (const character of line) {
    if (textWidth(kept + character) > width - 1) break
    kept += character
  }
  return `${kept}…`
}
