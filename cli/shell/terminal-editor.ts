/**
 * A multi-line editor for SQL in the terminal: the statement is edited as one text over several lines, highlighted,
 * completed with Tab, with history on the arrow keys and Ctrl-R. Enter ends the input when the statement is complete
 * (a `;` outside of strings and comments), otherwise it starts a new line.
 */
import { emitKeypressEvents, type Key } from 'node:readline'
import type { ReadStream, WriteStream } from 'node:tty'
import { EditBuffer } from './edit-buffer.ts'
import type { History } from './history.ts'
import { textWidth } from '../display/text-width.ts'

export interface Completion {
  /** Offset where the completed word begins. */
  readonly start: number
  readonly candidates: readonly string[]
}

export interface EditorServices {
  readonly isComplete: (text: string) => boolean
  readonly highlight: (text: string) => string
  readonly complete: (text: string, cursor: number) => Completion
}

export type EditorResult =
  | { readonly kind: 'statement'; readonly text: string }
  | { readonly kind: 'interrupt' | 'end' }

const PASTE_START = '\u001b[200~'
const PASTE_END = '\u001b[201~'

export class TerminalEditor {
  readonly #input: ReadStream
  readonly #output: WriteStream
  readonly #history: History
  readonly #services: EditorServices

  constructor(input: ReadStream, output: WriteStream, history: History, services: EditorServices) {
    this.#input = input
    this.#output = output
    this.#history = history
    this.#services = services
    emitKeypressEvents(input)
  }

  /**
   * Reads one input, which may hold several statements.
   *
   * @param prompt of the first line; the following lines are indented to its width
   */
  read(prompt: string): Promise<EditorResult> {
    const reading = new Reading(this.#output, this.#history, this.#services, prompt)
    this.#input.setRawMode(true)
    this.#input.resume()
    this.#output.write('\u001b[?2004h')
    reading.draw()
    const { promise, resolve } = Promise.withResolvers<EditorResult>()
    const onKey = (text: string | undefined, key: Key): void => {
      const result = reading.key(text ?? '', key)
      if (result !== undefined) resolve(result)
    }
    const onResize = (): void => {
      reading.draw()
    }
    this.#input.on('keypress', onKey)
    this.#output.on('resize', onResize)
    return promise.finally(() => {
      this.#input.off('keypress', onKey)
      this.#output.off('resize', onResize)
      this.#output.write('\u001b[?2004l')
      this.#input.setRawMode(false)
      this.#input.pause()
    })
  }
}

/** One input being typed: the buffer and what of it is on the screen. */
class Reading {
  readonly #output: WriteStream
  readonly #history: History
  readonly #services: EditorServices
  readonly #prompt: string
  readonly #buffer = new EditBuffer()
  /** Screen row of the cursor, counted from the first row of the prompt. */
  #cursorRow = 0
  #historyIndex: number
  #draft = ''
  #pasting = false
  #search: { text: string; index: number | undefined } | undefined
  #candidates: readonly string[] = []

  constructor(output: WriteStream, history: History, services: EditorServices, prompt: string) {
    this.#output = output
    this.#history = history
    this.#services = services
    this.#prompt = prompt
    this.#historyIndex = history.size
  }

  /** @returns what ended the input, or undefined while it goes on */
  key(text: string, key: Key): EditorResult | undefined {
    if (key.sequence === PASTE_START || key.name === 'paste-start') this.#pasting = true
    else if (key.sequence === PASTE_END || key.name === 'paste-end') this.#pasting = false
    else if (this.#search !== undefined) this.#searchKey(text, key)
    else {
      const result = this.#editKey(text, key)
      if (result !== undefined) return result
    }
    if (!this.#pasting) this.draw()
    return undefined
  }

  #editKey(text: string, key: Key): EditorResult | undefined {
    if (key.name !== 'tab') this.#candidates = []
    if (key.ctrl === true) return this.#controlKey(key)
    if (key.meta === true && key.name !== 'return') {
      if (key.name === 'b') this.#buffer.wordLeft()
      else if (key.name === 'f') this.#buffer.wordRight()
      return undefined
    }
    switch (key.name) {
      case 'return':
      case 'enter':
        return this.#enter(key.meta === true)
      case 'backspace':
        this.#buffer.backspace()
        return undefined
      case 'delete':
        this.#buffer.delete()
        return undefined
      case 'left':
        this.#buffer.left()
        return undefined
      case 'right':
        this.#buffer.right()
        return undefined
      case 'up':
        if (!this.#buffer.up()) this.#recall(this.#historyIndex - 1)
        return undefined
      case 'down':
        if (!this.#buffer.down()) this.#recall(this.#historyIndex + 1)
        return undefined
      case 'home':
        this.#buffer.lineStart()
        return undefined
      case 'end':
        this.#buffer.lineEnd()
        return undefined
      case 'tab':
        this.#complete()
        return undefined
      default:
        if (text >= ' ') this.#buffer.insert(text)
        return undefined
    }
  }

  #controlKey(key: Key): EditorResult | undefined {
    switch (key.name) {
      case 'c':
        this.#leave()
        return { kind: 'interrupt' }
      case 'd':
        if (this.#buffer.text === '') {
          this.#leave()
          return { kind: 'end' }
        }
        this.#buffer.delete()
        return undefined
      case 'a':
        this.#buffer.lineStart()
        return undefined
      case 'e':
        this.#buffer.lineEnd()
        return undefined
      case 'k':
        this.#buffer.killToLineEnd()
        return undefined
      case 'u':
        this.#buffer.killToLineStart()
        return undefined
      case 'w':
        this.#buffer.killWord()
        return undefined
      case 'y':
        this.#buffer.yank()
        return undefined
      case 'left':
        this.#buffer.wordLeft()
        return undefined
      case 'right':
        this.#buffer.wordRight()
        return undefined
      case 'p':
        this.#recall(this.#historyIndex - 1)
        return undefined
      case 'n':
        this.#recall(this.#historyIndex + 1)
        return undefined
      case 'l':
        this.#output.write('\u001b[2J\u001b[H')
        this.#cursorRow = 0
        return undefined
      case 'r':
        this.#search = { text: '', index: undefined }
        return undefined
      case 'j':
        return this.#enter(false)
      default:
        return undefined
    }
  }

  #enter(forceNewLine: boolean): EditorResult | undefined {
    const { text, cursor } = this.#buffer
    const atEnd = text.slice(cursor).trim() === ''
    if (this.#pasting || forceNewLine || !atEnd || !this.#services.isComplete(text)) {
      if (text.trim() === '' && !this.#pasting) {
        this.#leave()
        return { kind: 'statement', text: '' }
      }
      this.#buffer.insert('\n')
      return undefined
    }
    this.#leave()
    return { kind: 'statement', text }
  }

  #recall(index: number): void {
    if (index < 0 || index > this.#history.size) return
    if (this.#historyIndex === this.#history.size) this.#draft = this.#buffer.text
    this.#historyIndex = index
    this.#buffer.replace(this.#history.at(index) ?? this.#draft)
  }

  #searchKey(text: string, key: Key): void {
    const search = this.#search
    if (search === undefined) return
    if (key.ctrl === true && key.name === 'r') {
      search.index = this.#history.search(search.text, search.index) ?? search.index
    } else if (key.name === 'backspace') {
      this.#search = { text: search.text.slice(0, -1), index: this.#history.search(search.text.slice(0, -1)) }
    } else if (text >= ' ' && key.ctrl !== true && key.meta !== true) {
      this.#search = { text: search.text + text, index: this.#history.search(search.text + text) }
    } else {
      if (search.index !== undefined && key.name !== 'escape' && !(key.ctrl === true && key.name === 'g')) {
        this.#historyIndex = search.index
        this.#buffer.replace(this.#history.at(search.index) ?? '')
      }
      this.#search = undefined
    }
  }

  #complete(): void {
    const { text, cursor } = this.#buffer
    const { start, candidates } = this.#services.complete(text, cursor)
    if (candidates.length === 0) {
      if (text.slice(text.lastIndexOf('\n', cursor - 1) + 1, cursor).trim() === '') this.#buffer.insert('  ')
      return
    }
    const common = commonPrefix(candidates)
    if (candidates.length === 1) this.#buffer.replaceBefore(start, `${common} `)
    else if (common.length > cursor - start) this.#buffer.replaceBefore(start, common)
    else this.#candidates = candidates
  }

  /** Leaves the finished text on the screen and the cursor below it. */
  #leave(): void {
    this.#candidates = []
    this.#buffer.replace(this.#buffer.text)
    this.draw()
    this.#output.write('\n')
  }

  draw(): void {
    const columns = Math.max(this.#output.columns, 20)
    const indent = ' '.repeat(textWidth(this.#prompt))
    const searching = this.#search
    const prompt = searching === undefined ? this.#prompt : `(search) \`${searching.text}': `
    const text = searching === undefined ? this.#buffer.text : (this.#history.at(searching.index ?? -1) ?? '')
    const cursor = searching === undefined ? this.#buffer.cursor : text.length
    const lines = this.#services.highlight(text).split('\n')
    const drawn = lines.map((line, index) => (index === 0 ? prompt : indent) + line)
    const plain = text.split('\n').map((line, index) => (index === 0 ? prompt : indent) + line)
    const before = text.slice(0, cursor).split('\n')
    const cursorLine = before.length - 1
    const cursorColumn = textWidth((cursorLine === 0 ? prompt : indent) + (before.at(-1) ?? ''))
    const rowsOf = (line: string): number => Math.max(1, Math.ceil(textWidth(line) / columns))
    const rowsBefore = plain.slice(0, cursorLine).reduce((sum, line) => sum + rowsOf(line), 0)
    const totalRows = plain.reduce((sum, line) => sum + rowsOf(line), 0)
    const candidates = this.#candidateLines(columns)
    let screen = this.#cursorRow > 0 ? `\u001b[${this.#cursorRow}A` : ''
    screen += `\r\u001b[J${[...drawn, ...candidates].join('\r\n')}`
    this.#cursorRow = rowsBefore + Math.floor(cursorColumn / columns)
    const lastRow = totalRows + candidates.length - 1
    if (cursorColumn > 0 && cursorColumn % columns === 0 && this.#cursorRow > lastRow) screen += '\r\n'
    const up = Math.max(lastRow, this.#cursorRow) - this.#cursorRow
    screen += `${up > 0 ? `\u001b[${up}A` : ''}\r${cursorColumn % columns > 0 ? `\u001b[${cursorColumn % columns}C` : ''}`
    this.#output.write(screen)
  }

  #candidateLines(columns: number): string[] {
    if (this.#candidates.length === 0) return []
    const width = Math.max(...this.#candidates.map(textWidth)) + 2
    const perLine = Math.max(1, Math.floor((columns - 1) / width))
    const lines: string[] = []
    for (let at = 0; at < this.#candidates.length && lines.length < 8; at += perLine) {
      lines.push(
        this.#candidates
          .slice(at, at + perLine)
          .map((name) => name + ' '.repeat(width - textWidth(name)))
          .join(''),
      )
    }
    return lines
  }
}

function commonPrefix(texts: readonly string[]): string {
  const [first = '', ...rest] = texts
  let length = first.length
  for (const text of rest) {
    while (!text.toLowerCase().startsWith(first.slice(0, length).toLowerCase())) length--
  }
  return first.slice(0, length)
}
