/**
 * The one error type of the project. Whatever a user can see is a MillraceError; anything else that escapes is a
 * defect and is wrapped as `INTERNAL_ERROR` at the edge.
 *
 * Style of the texts (after PostgreSQL and Materialize): the message is one lower-case clause without a final full
 * stop, identifiers are in double quotes, and it says what is wrong; `detail` and `hint` are whole sentences, and the
 * hint says what to do.
 */
import { ERROR_CODES, type ErrorCode } from './error-codes.ts'

export type ErrorDomain = 'user' | 'external' | 'internal'

/** A place in SQL text. `line` and `column` count from 1, `offset` and `length` are UTF-16 code units from 0. */
export interface SourcePosition {
  readonly line: number
  readonly column: number
  readonly offset: number
  readonly length: number
}

export interface ErrorOptions {
  readonly detail?: string | undefined
  readonly hint?: string | undefined
  readonly position?: SourcePosition | undefined
  /** Where in the data: table, partition, offset, file, line … in the order in which they are to be printed. */
  readonly at?: Readonly<Record<string, string | number>> | undefined
  /** Whether doing the same again may succeed; the restart strategy asks. Default: the domain is external. */
  readonly retryable?: boolean | undefined
  readonly cause?: unknown
}

export class MillraceError extends Error {
  override readonly name = 'MillraceError'
  readonly code: ErrorCode
  readonly domain: ErrorDomain
  readonly detail: string | undefined
  readonly hint: string | undefined
  readonly at: Readonly<Record<string, string | number>> | undefined
  readonly retryable: boolean
  /** Set by whoever knows it; a binder that raises the error in a nested call may leave it to its caller. */
  position: SourcePosition | undefined

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.domain = ERROR_CODES[code].domain
    this.detail = options.detail
    this.hint = options.hint
    this.at = options.at
    this.position = options.position
    this.retryable = options.retryable ?? this.domain === 'external'
  }
}

/** The error itself, or a MillraceError around whatever else was thrown. */
export function asMillraceError(thrown: unknown, code: ErrorCode = 'INTERNAL_ERROR'): MillraceError {
  if (thrown instanceof MillraceError) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new MillraceError(code, message, { cause: thrown })
}

/** Closes an exhaustive `switch`: a new member of the union is a compile error here. */
export function unreachable(value: never): never {
  throw new MillraceError('INTERNAL_ERROR', `unexpected value ${JSON.stringify(value)}`)
}

/** A broken invariant that no input may cause. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new MillraceError('INTERNAL_ERROR', message)
}

/**
 * The error as a person reads it: message, the line of SQL with a caret, detail, hint. No stack.
 *
 * @param sql the text that `error.position` points into
 */
export function formatError(error: MillraceError, sql?: string): string {
  const lines = [`ERROR: ${error.message}`]
  if (error.position !== undefined && sql !== undefined) lines.push(...caretLines(sql, error.position))
  if (error.at !== undefined) {
    lines.push(
      `AT: ${Object.entries(error.at)
        .map(([key, value]) => `${key} ${value}`)
        .join(', ')}`,
    )
  }
  if (error.detail !== undefined) lines.push(`DETAIL: ${error.detail}`)
  if (error.hint !== undefined) lines.push(`HINT: ${error.hint}`)
  return lines.join('\n')
}

/** What an error came from, a line each: for `sql-client.verbose`. */
export function causesOf(error: MillraceError): readonly string[] {
  const lines: string[] = []
  const seen = new Set<unknown>([error])
  for (let { cause } = error as { readonly cause?: unknown }; cause instanceof Error && !seen.has(cause); ) {
    seen.add(cause)
    lines.push(`CAUSE: ${cause.stack ?? cause.message}`)
    ;({ cause } = cause as { readonly cause?: unknown })
  }
  return lines
}

function caretLines(sql: string, position: SourcePosition): string[] {
  const text = sql.split(/\r\n|\r|\n/)[position.line - 1] ?? ''
  const label = `LINE ${position.line}: `
  const before = text.slice(0, position.column - 1).replace(/[^\t]/g, ' ')
  const width = Math.max(1, Math.min(position.length, text.length - position.column + 1))
  return [label + text, ' '.repeat(label.length) + before + '^'.repeat(width)]
}
