/**
 * The outside of a change event: where the row before and the row after stand, and what happened. Values are checked to
 * be JSON here and read by others.
 */
import { JsonCursor } from '../json/cursor.ts'
import { SideText } from '../column-writer.ts'
import { ValueError } from '../scalar-text.ts'

/** A piece of the data; of no bytes: NULL, or not there. */
export interface Slice {
  start: number
  length: number
}

export type EventKind = 'insert' | 'update' | 'delete'

const OPEN_BRACE = 123
const CLOSE_BRACE = 125
const LETTER_N = 110

export class EnvelopeReader {
  readonly before: Slice = { start: 0, length: 0 }
  readonly after: Slice = { start: 0, length: 0 }
  /** The object with "before", "after" and "op": the record itself, or its "payload". */
  readonly payload: Slice = { start: 0, length: 0 }
  readonly #schemaInclude: boolean
  readonly #side = new SideText()
  readonly #cursor = new JsonCursor(this.#side)
  #operation: string | undefined

  /** @param schemaInclude whether the event is in the "payload" of the record */
  constructor(schemaInclude: boolean) {
    this.#schemaInclude = schemaInclude
  }

  /**
   * Reads the record `start … end)`.
   *
   * @throws JsonSyntaxError, ValueError
   */
  read(data: Uint8Array, start: number, end: number): EventKind {
    const cursor = this.#cursor
    this.before.length = 0
    this.after.length = 0
    this.payload.length = 0
    this.#operation = undefined
    this.#side.size = 0
    cursor.reset(data, start, end)
    if (this.#schemaInclude) this.#readRoot()
    else this.#readPayload()
    cursor.finish()
    return this.#kind()
  }

  #readRoot(): void {
    this.#readObject((name) => {
      if (name === 'payload' && this.#cursor.peek() === OPEN_BRACE) this.#readPayload()
      else this.#cursor.skipValue()
    })
    if (this.payload.length === 0) throw new ValueError('the event has no "payload"')
  }

  #readPayload(): void {
    const cursor = this.#cursor
    cursor.peek()
    this.payload.start = cursor.pos
    this.#readObject((name) => {
      if (name === 'before') this.#readRow(this.before)
      else if (name === 'after') this.#readRow(this.after)
      else if (name === 'op') this.#readOperation()
      else cursor.skipValue()
    })
    this.payload.length = cursor.pos - this.payload.start
  }

  #readObject(readField: (name: string) => void): void {
    const cursor = this.#cursor
    if (cursor.peek() !== OPEN_BRACE) cursor.fail('a JSON object')
    cursor.enter()
    cursor.pos++
    if (!cursor.accept(CLOSE_BRACE)) {
      do {
        cursor.readString()
        const name = cursor.text()
        this.#side.size = 0
        cursor.expect(58, '":"')
        readField(name)
      } while (cursor.accept(44))
      cursor.expect(CLOSE_BRACE, '"," or "}"')
    }
    cursor.leave()
  }

  #readRow(slice: Slice): void {
    const cursor = this.#cursor
    const first = cursor.peek()
    slice.length = 0
    if (first === LETTER_N) {
      cursor.readLiteral()
      return
    }
    if (first !== OPEN_BRACE) cursor.fail('a JSON object or null')
    slice.start = cursor.pos
    cursor.skipValue()
    slice.length = cursor.pos - slice.start
  }

  #readOperation(): void {
    const cursor = this.#cursor
    const first = cursor.peek()
    if (first === OPEN_BRACE || first === 91) cursor.fail('a string')
    cursor.readScalar()
    this.#operation = first === LETTER_N ? undefined : cursor.text()
  }

  #kind(): EventKind {
    switch (this.#operation) {
      case 'c':
      case 'r':
        if (this.after.length === 0) throw new ValueError('the "after" field of an insertion is null')
        return 'insert'
      case 'u':
        if (this.before.length === 0) throw missingBefore('UPDATE')
        if (this.after.length === 0) throw new ValueError('the "after" field of an update is null')
        return 'update'
      case 'd':
        if (this.before.length === 0) throw missingBefore('DELETE')
        return 'delete'
      case undefined:
        throw new ValueError('the event has no "op"')
      default:
        throw new ValueError(`unknown "op" value "${this.#operation}"`)
    }
  }
}

function missingBefore(what: 'UPDATE' | 'DELETE'): ValueError {
  return new ValueError(
    `The "before" field of ${what} message is null, if you are using Debezium Postgres Connector, please check the Postgres table has been set REPLICA IDENTITY to FULL level`,
  )
}
