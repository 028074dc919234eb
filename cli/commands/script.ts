/** Scripts as a list of statements that are parsed one by one, so that one error does not hide the next. */
import { readFileSync } from 'node:fs'
import { MillraceError } from '../../core/errors.ts'
import type { Statement } from '../../parser/ast.ts'
import { parseStatement } from '../../parser/parse.ts'
import { splitScript } from '../../parser/script.ts'

export interface ScriptPiece {
  /** Offset of the statement in the script. */
  readonly start: number
  /** Spans of the statement, and positions of errors, count in the whole script. */
  readonly parse: () => Statement
}

/** @throws MillraceError FILE_NOT_FOUND */
export function readScript(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist' : 'cannot be read'
    throw new MillraceError('FILE_NOT_FOUND', `script "${file}" ${reason}`, { cause: error })
  }
}

export function statementsOf(script: string): ScriptPiece[] {
  return splitScript(script).map(({ span }) => ({ start: span.start, parse: () => parseStatement(script, span) }))
}
