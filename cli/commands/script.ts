/** Scripts as a list of statements that are parsed one by one, so that one error does not hide the next. */
import { readFileSync } from 'node:fs'
import { MillraceError } from '../../core/errors.ts'
import type { Statement } from '../../parser/ast.ts'
import { parseStatement, splitScript } from '../../parser/parse.ts'

export interface ScriptPiece {
  readonly text: string
  /** Offset of `text` in the script. */
  readonly start: number
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
  return splitScript(script).map(({ text, span }) => ({ text, start: span.start, parse: () => parseStatement(text) }))
}
