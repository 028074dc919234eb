/** `millrace run`: statements in their order; at the end it waits for the jobs, shows how they get on and sums up. */
import { basename } from 'node:path'
import { asMillraceError, type MillraceError } from '../../core/errors.ts'
import { positionOf } from '../../parser/ast.ts'
import type { QueryResult } from '../../session/query-result.ts'
import type { StatementResult } from '../../session/result.ts'
import { Session } from '../../session/session.ts'
import { errorText } from '../display/error-text.ts'
import { JobProgress } from '../display/job-progress.ts'
import { displayQuery, type ResultMode } from '../display/query-display.ts'
import { resultLines } from '../display/result-lines.ts'
import { Terminal } from '../display/terminal.ts'
import type { CommandOptions } from '../main.ts'
import { readScript, type ScriptPiece, statementsOf } from './script.ts'

export async function runScript(file: string, options: CommandOptions): Promise<number> {
  const terminal = new Terminal(process.stdout)
  const notices = new Terminal(process.stderr)
  const script = readScript(file)
  const session = new Session({
    jobPrefix: basename(file),
    configuration: options.configuration,
    output: { write: (text) => terminal.write(text), writeError: (text) => process.stderr.write(text) },
    onNotice: (text) => notices.writeLines([text]),
    ...(options.dataDirectory === undefined ? {} : { dataDirectory: options.dataDirectory }),
  })
  const run = new ScriptRun(session, terminal, file, script)
  const interrupt = (): void => {
    run.interrupt()
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  try {
    return await run.execute()
  } finally {
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
    await session.close()
  }
}

class ScriptRun {
  readonly #session: Session
  readonly #terminal: Terminal
  readonly #file: string
  readonly #script: string
  #query: QueryResult | undefined
  #interrupted = false

  constructor(session: Session, terminal: Terminal, file: string, script: string) {
    this.#session = session
    this.#terminal = terminal
    this.#file = file
    this.#script = script
  }

  /** Ctrl-C: ends the query and the jobs in good order; their last checkpoints stay. */
  interrupt(): void {
    if (this.#interrupted) process.exit(130)
    this.#interrupted = true
    void this.#query?.cancel()
    for (const job of this.#session.jobs()) void job.cancel()
  }

  async execute(): Promise<number> {
    for (const piece of statementsOf(this.#script)) {
      if (this.#interrupted) return 130
      try {
        const result = await this.#session.executeParsed(piece.parse(), this.#script)
        if (result.kind === 'command' && result.command === 'QUIT') break
        await this.#show(result)
      } catch (error) {
        const reason = asMillraceError(error)
        if (this.#interrupted && reason.code === 'JOB_CANCELLED') return 130
        this.#report(reason, piece)
        return 1
      }
    }
    return this.#awaitJobs()
  }

  async #show(result: StatementResult): Promise<void> {
    if (result.kind !== 'query') {
      this.#terminal.writeLines(resultLines(result, this.#terminal))
      return
    }
    this.#query = result
    const summary = await displayQuery(result, this.#terminal, this.#displayOptions())
    this.#query = undefined
    this.#terminal.writeLines([summary])
    if (!this.#interrupted) await result.job.finished
  }

  #displayOptions(): { mode: ResultMode; maxColumnWidth: number; maxRows: number } {
    const { configuration } = this.#session
    const chosen = configuration.entries().find(([key]) => key === 'sql-client.execution.result-mode')?.[1]
    const mode = (chosen?.toLowerCase() ?? (this.#terminal.isInteractive ? 'table' : 'tableau')) as ResultMode
    return {
      mode,
      maxColumnWidth: configuration.int('table.display.max-column-width'),
      maxRows: configuration.int('sql-client.execution.max-table-result.rows'),
    }
  }

  async #awaitJobs(): Promise<number> {
    const jobs = this.#session.jobs()
    if (jobs.length === 0) return 0
    const progress = new JobProgress(jobs, this.#terminal)
    const results = await progress.untilEnded()
    let failed = false
    for (const { job, error } of results) {
      if (error === undefined) continue
      failed ||= error.code !== 'JOB_CANCELLED' || !this.#interrupted
      if (error.code !== 'JOB_CANCELLED')
        process.stderr.write(`job "${job.name}" failed\n${errorText(error, this.#session)}\n`)
    }
    this.#terminal.writeLines(progress.summaryLines())
    if (this.#interrupted) return 130
    if (failed) return 1
    this.#session.endScript()
    return 0
  }

  #report(error: MillraceError, piece: ScriptPiece): void {
    error.position ??= positionOf(this.#script, { start: piece.start, end: piece.start + 1 })
    process.stderr.write(`${this.#file}:${error.position.line}:${error.position.column}\n`)
    process.stderr.write(`${errorText(error, this.#session, this.#script)}\n`)
  }
}
