/** The SQL shell. */
import { homedir } from 'node:os'
import { join } from 'node:path'
import { text as readAll } from 'node:stream/consumers'
import { asMillraceError } from '../../core/errors.ts'
import { splitScript } from '../../parser/script.ts'
import type { QueryResult } from '../../session/query-result.ts'
import type { StatementResult } from '../../session/result.ts'
import { Session } from '../../session/session.ts'
import { readScript, type ScriptPiece, statementsOf } from '../commands/script.ts'
import { errorText } from '../display/error-text.ts'
import { displayQuery, type ResultMode } from '../display/query-display.ts'
import { resultLines } from '../display/result-lines.ts'
import { Terminal } from '../display/terminal.ts'
import { type CommandOptions, version } from '../main.ts'
import { completeSql } from './completion.ts'
import { highlightSql } from './highlight.ts'
import { History } from './history.ts'
import { SHELL_HELP } from './help.ts'
import { TerminalEditor } from './terminal-editor.ts'

const PROMPT = 'Millrace SQL> '
/** Scripts that read scripts stop here: a file that sources itself is a mistake. */
const MAX_SOURCE_DEPTH = 16

export async function runShell(options: CommandOptions): Promise<number> {
  const terminal = new Terminal(process.stdout)
  const session = new Session({
    configuration: options.configuration,
    output: { write: (text) => terminal.write(text), writeError: (text) => terminal.write(text) },
    onNotice: (text) => terminal.writeLines([`[INFO] ${text}`]),
    ...(options.dataDirectory === undefined ? {} : { dataDirectory: options.dataDirectory, durableCatalog: true }),
  })
  const shell = new Shell(session, terminal)
  try {
    if (options.init !== undefined && !(await shell.runText(readScript(options.init), 0))) return 1
    if (process.stdin.isTTY && process.stdout.isTTY) return await shell.interact()
    return (await shell.runText(await readAll(process.stdin), 0)) ? shell.awaitJobs() : 1
  } finally {
    await session.close()
  }
}

class Shell {
  readonly #session: Session
  readonly #terminal: Terminal
  #query: QueryResult | undefined
  /** By Ctrl-C. */
  #isEndedByHand = false
  #quit = false

  constructor(session: Session, terminal: Terminal) {
    this.#session = session
    this.#terminal = terminal
  }

  async interact(): Promise<number> {
    const history = new History(join(process.env['XDG_STATE_HOME'] ?? homedir(), '.millrace_history'))
    const editor = new TerminalEditor(process.stdin, process.stdout, history, {
      isComplete: isCompleteInput,
      highlight: highlightSql,
      complete: (text, cursor) => completeSql(text, cursor, this.#session),
    })
    this.#terminal.writeLines([`Millrace ${version()}. HELP; lists the commands, QUIT; or Ctrl-D ends the shell.`])
    process.on('SIGINT', this.#cancelQuery)
    while (!this.#quit) {
      const input = await editor.read(PROMPT)
      if (input.kind === 'end') break
      if (input.kind !== 'statement') continue
      history.add(input.text.trim())
      await this.runText(input.text, 0)
    }
    process.off('SIGINT', this.#cancelQuery)
    return this.#confirmRunningJobs()
  }

  /** Runs statements until one fails. @returns whether all went well */
  async runText(text: string, depth: number): Promise<boolean> {
    for (const piece of statementsOf(text)) {
      if (this.#quit) return true
      try {
        await this.#runPiece(piece, text, depth)
      } catch (error) {
        this.#terminal.writeLines([errorText(error, this.#session, text), ''])
        return false
      }
    }
    return true
  }

  /** For input that is not typed: ends when the jobs have ended. */
  async awaitJobs(): Promise<number> {
    const results = await Promise.allSettled(this.#session.jobs().map((job) => job.finished))
    for (const result of results) {
      if (result.status === 'rejected') this.#terminal.writeLines([errorText(result.reason, this.#session)])
    }
    return results.some((result) => result.status === 'rejected') ? 1 : 0
  }

  readonly #cancelQuery = (): void => {
    this.#isEndedByHand = true
    void this.#query?.cancel()
  }

  async #runPiece(piece: ScriptPiece, text: string, depth: number): Promise<void> {
    const started = performance.now()
    const result = await this.#session.executeParsed(piece.parse(), text)
    if (result.kind === 'command') {
      await this.#runCommand(result, depth)
      return
    }
    const lines = result.kind === 'query' ? [await this.#showQuery(result)] : resultLines(result, this.#terminal)
    const timed = this.#session.configuration.boolean('sql-client.display.print-time-cost')
    const seconds = ((performance.now() - started) / 1000).toFixed(2)
    const last = lines.at(-1)
    if (timed && last !== undefined && /\bin set\b|^Received|^Empty set|succeeded\.$/.test(last)) {
      lines[lines.length - 1] = `${last} (${seconds} seconds)`
    }
    this.#terminal.writeLines([...lines, ''])
  }

  async #showQuery(result: QueryResult): Promise<string> {
    const { configuration } = this.#session
    this.#query = result
    this.#isEndedByHand = false
    try {
      return await displayQuery(result, this.#terminal, {
        mode: (configuration.get('sql-client.execution.result-mode') ?? 'TABLE').toLowerCase() as ResultMode,
        maxColumnWidth: configuration.int('table.display.max-column-width'),
        maxRows: configuration.int('sql-client.execution.max-table-result.rows'),
      })
    } catch (error) {
      if (!this.#isEndedByHand || asMillraceError(error).code !== 'JOB_CANCELLED') throw error
      return 'The query was ended'
    } finally {
      this.#query = undefined
    }
  }

  async #runCommand(command: Extract<StatementResult, { readonly kind: 'command' }>, depth: number): Promise<void> {
    switch (command.command) {
      case 'QUIT':
        this.#quit = true
        return
      case 'CLEAR':
        this.#terminal.write('\u001b[2J\u001b[H')
        return
      case 'HELP':
        this.#terminal.writeLines(SHELL_HELP)
        return
      case 'SOURCE': {
        if (depth >= MAX_SOURCE_DEPTH) {
          this.#terminal.writeLines([`ERROR: scripts source each other more than ${MAX_SOURCE_DEPTH} deep`])
          return
        }
        await this.runText(readScript(command.argument ?? ''), depth + 1)
      }
    }
  }

  async #confirmRunningJobs(): Promise<number> {
    const running = this.#session.jobs().filter((job) => job.status === 'RUNNING')
    if (running.length > 0)
      this.#terminal.writeLines([`Stopping ${running.length} running job(s); their checkpoints stay.`])
    return 0
  }
}

/** Enter ends the input when every statement in it is closed by a semicolon. */
export function isCompleteInput(text: string): boolean {
  const pieces = splitScript(text)
  return pieces.length > 0 && pieces.every((piece) => piece.complete)
}
