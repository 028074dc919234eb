/** Runs one `.slt` file and says, record by record, what was found. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { resultLines } from '../../cli/display/result-lines.ts'
import { type ChangeBatch, isRetraction, kindAt, ROW_KIND_NAMES } from '../../core/change-batch.ts'
import { readValue } from '../../core/column-ops.ts'
import { asMillraceError, formatError } from '../../core/errors.ts'
import { valueToText } from '../../core/value-text.ts'
import { parseStatement } from '../../parser/parse.ts'
import { planStatement } from '../../planner/plan.ts'
import { Session } from '../../session/session.ts'
import { SERIAL, type SltRecord } from './format.ts'
import { isInWorkers, runWay, type Way, WAYS } from './three-ways.ts'

/** An empty line would end the record. */
const BLANK_LINE = '~'

export interface Outcome {
  readonly record: SltRecord
  /** What belongs below `----`; undefined where there is nothing to compare. */
  readonly found: string | undefined
  /** What is wrong besides a difference: another way gave another table, a retraction of a missing row. */
  readonly problem?: string
}

export async function runSuite(records: readonly SltRecord[], ways: readonly Way[] = WAYS): Promise<Outcome[]> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-slt-'))
  const session = new Session({
    dataDirectory: join(directory, '.state'),
    configuration: { 'table.local-time-zone': 'UTC' },
  })
  const outcomes: Outcome[] = []
  try {
    for (const record of records) outcomes.push(await outcomeOf(record, session, directory, ways))
  } finally {
    await session.close()
    rmSync(directory, { recursive: true, force: true })
  }
  return outcomes
}

async function runRecord(
  record: SltRecord,
  session: Session,
  directory: string,
  ways: readonly Way[],
): Promise<Outcome> {
  const sql = record.body.replaceAll('$DIR', directory)
  const hide = (text: string): string => text.replaceAll(directory, '$DIR')
  switch (record.kind) {
    case 'comment':
      return { record, found: undefined }
    case 'file': {
      const path = join(directory, record.argument)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, `${record.body}\n`)
      return { record, found: undefined }
    }
    case 'statement ok':
      return { record, found: undefined, ...(await problemOf(() => execute(session, sql))) }
    case 'statement error':
      try {
        await execute(session, sql)
        return { record, found: 'no error' }
      } catch (error) {
        return { record, found: hide(formatError(asMillraceError(error), sql)) }
      }
    case 'output': {
      const result = await session.execute(sql)
      const text = hide(resultLines(result, { isInteractive: false }).join('\n')).trim()
      return { record, found: text.replace(/^$/gm, BLANK_LINE) }
    }
    default:
      return runQuery(record, session, sql, ways)
  }
}

/** A record that fails says so, and the next one runs. */
async function outcomeOf(
  record: SltRecord,
  session: Session,
  directory: string,
  ways: readonly Way[],
): Promise<Outcome> {
  try {
    return await runRecord(record, session, directory, ways)
  } catch (error) {
    return { record, found: undefined, problem: formatError(asMillraceError(error)) }
  }
}

async function problemOf(action: () => Promise<void>): Promise<{ problem?: string }> {
  try {
    await action()
    return {}
  } catch (error) {
    return { problem: formatError(asMillraceError(error)) }
  }
}

export async function execute(session: Session, sql: string): Promise<void> {
  const result = await session.execute(sql)
  if (result.kind === 'job') await result.job.finished
  if (result.kind === 'query') for await (const batch of result.changes()) void batch
}

async function runQuery(record: SltRecord, session: Session, sql: string, ways: readonly Way[]): Promise<Outcome> {
  const statement = parseStatement(sql)
  if (statement.kind !== 'query') throw new Error(`line ${record.line}: not a query`)
  const settings = Object.fromEntries(session.configuration.entries())
  let straight: readonly string[] = []
  let found = ''
  for (const way of ways) {
    const graph = planStatement(statement, sql, session.plannerContext())
    const changes = (await runWay(graph, settings, way)).flatMap(changeLines)
    const table = tableOf(changes)
    if (typeof table === 'string') return { record, found, problem: `${way}: ${table}` }
    if (way === 'straight') {
      straight = table
      found = (record.kind === 'query changelog' ? changes.map(({ kind, text }) => `${kind} ${text}`) : table).join(
        '\n',
      )
    } else if (table.join('\n') !== straight.join('\n') && !(record.argument === SERIAL && isInWorkers(way))) {
      return { record, found, problem: `${way} gives another table:\n${table.join('\n')}` }
    }
  }
  return { record, found }
}

export interface Change {
  readonly kind: string
  readonly retraction: boolean
  readonly text: string
}

export function changeLines(batch: ChangeBatch): Change[] {
  return Array.from({ length: batch.rows }, (_, row) => {
    const cells = batch.schema.fields.map((field, index) => {
      const column = batch.columns[index]
      const value = column === undefined ? null : readValue(column, field.type, row)
      return value === null ? 'NULL' : valueToText(value, field.type)
    })
    const kind = kindAt(batch, row)
    return { kind: ROW_KIND_NAMES[kind], retraction: isRetraction(kind), text: cells.join(' | ') }
  })
}

/** The rows that the changes leave, sorted; or what is wrong with the changes. */
export function tableOf(changes: readonly Change[]): string[] | string {
  const counts = new Map<string, number>()
  for (const { retraction, text, kind } of changes) {
    const count = (counts.get(text) ?? 0) + (retraction ? -1 : 1)
    if (count < 0) return `${kind} ${text} retracts a row that is not there`
    if (count === 0) counts.delete(text)
    else counts.set(text, count)
  }
  return [...counts].flatMap(([text, count]) => Array.from({ length: count }, () => text)).sort()
}
