/**
 * `millrace check`: parses scripts and, without `--syntax`, binds every statement in its turn (definitions are carried
 * out in a catalog of their own, nothing is started). One line an error: `file:line:column: message`.
 */
import { asMillraceError, type MillraceError } from '../../core/errors.ts'
import { positionOf } from '../../parser/ast.ts'
import type { CommandOptions } from '../main.ts'
import { readScript, statementsOf } from './script.ts'

/** @returns 1 when anything was wrong, else 0 */
export async function checkScripts(files: readonly string[], options: CommandOptions): Promise<number> {
  let errors = 0
  for (const file of files) {
    for (const line of await checkScript(file, options)) {
      process.stdout.write(`${line}\n`)
      errors++
    }
  }
  return errors === 0 ? 0 : 1
}

async function checkScript(file: string, options: CommandOptions): Promise<string[]> {
  const problems: string[] = []
  let text: string
  try {
    text = readScript(file)
  } catch (error) {
    return [`${file}:1:1: ${asMillraceError(error).message}`]
  }
  const { Checker } = await import('../../session/checker.ts')
  const checker = new Checker(options.configuration)
  for (const piece of statementsOf(text)) {
    try {
      const statement = piece.parse()
      if (!options.syntaxOnly) await checker.check(statement, text)
    } catch (error) {
      problems.push(problemLine(file, text, piece.start, asMillraceError(error)))
    }
  }
  return problems
}

function problemLine(file: string, script: string, start: number, error: MillraceError): string {
  const { line, column } = error.position ?? positionOf(script, { start, end: start })
  const hint = error.hint === undefined ? '' : ` (${error.hint})`
  return `${file}:${line}:${column}: ${error.message}${hint}`
}
