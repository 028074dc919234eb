/** The same query in Millrace, its changes applied, and in DuckDB. */
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api'
import { Session } from '../../session/session.ts'
import { seededRandom } from '../random.ts'
import { randomQuery } from './queries.ts'

export interface Failure {
  readonly seed: number
  readonly sql: string
  readonly problem: string
}

/** However a query runs, its changes add up to the same rows: a case takes one of these in turn. */
const MODES: readonly Readonly<Record<string, string>>[] = [
  {},
  { 'execution.runtime-mode': 'batch' },
  {
    'table.exec.mini-batch.enabled': 'true',
    'table.exec.mini-batch.allow-latency': '1 s',
    'table.exec.mini-batch.size': '3',
  },
]

/** How many rows a batch has: where batches end must change no result. */
const BATCH_ROWS = [1024, 3, 1] as const

/** @returns the failures of cases `seed … seed + cases` */
export async function compareCases(seed: number, cases: number): Promise<Failure[]> {
  const sessions = MODES.map((configuration) => new Session({ configuration }))
  const duck = await (await DuckDBInstance.create()).connect()
  const failures: Failure[] = []
  for (let index = 0; index < cases; index++) {
    const number = seed + index
    const mode = number % MODES.length
    const sql = randomQuery(seededRandom(number), MODES[mode]?.['execution.runtime-mode'] === 'batch')
    const session = sessions[mode] as Session
    const rows = BATCH_ROWS[Math.floor(number / MODES.length) % BATCH_ROWS.length]
    await session.execute(`SET 'execution.batch-rows' = '${rows}'`)
    const problem = await compare(session, duck, sql)
    if (problem !== undefined) {
      failures.push({
        seed: number,
        sql,
        problem: `${problem} with ${JSON.stringify(MODES[mode])}, ${rows} rows a batch`,
      })
    }
  }
  for (const session of sessions) await session.close()
  return failures
}

async function compare(session: Session, duck: DuckDBConnection, sql: string): Promise<string | undefined> {
  try {
    const own = await millraceRows(session, sql)
    if (typeof own === 'string') return own
    const reader = await duck.runAndReadAll(sql)
    const theirs = reader
      .getRowsJson()
      .map((row) => row.map(normal).join(' | '))
      .sort()
    const at = theirs.findIndex((row, index) => row !== own[index])
    if (own.length === theirs.length && at < 0) return undefined
    return `${own.length} rows in place of ${theirs.length}; first difference: ${own[at] ?? ''} in place of ${theirs[at] ?? ''}`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

async function millraceRows(session: Session, sql: string): Promise<string[] | string> {
  const result = await session.execute(sql)
  if (result.kind !== 'query') return 'no query'
  const counts = new Map<string, number>()
  for await (const row of result) {
    const key = row.values.map(normal).join(' | ')
    const count = (counts.get(key) ?? 0) + (row.kind.startsWith('-') ? -1 : 1)
    if (count < 0) return `${row.kind} ${key} retracts a row that is not there`
    counts.set(key, count)
  }
  return [...counts].flatMap(([key, count]) => Array.from({ length: count }, () => key)).sort()
}

/** Numbers alike whatever their type, NULL as text. */
function normal(value: unknown): string {
  if (value === null || value === undefined) return 'NULL'
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(10)))
  const text = typeof value === 'string' ? value : typeof value === 'bigint' ? value.toString() : JSON.stringify(value)
  return /^-?\d+(\.\d+)?$/.test(text) ? String(Number(Number(text).toPrecision(10))) : text
}
