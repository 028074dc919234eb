/** Scripts of the Nexmark benchmark: the table of events, and each query with its sink. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FLINK_COUNT_CHAR } from './flink.ts'

const QUERIES = join(import.meta.dirname, 'queries')

/** q0 … q22, then the patterns p0 … p3. */
export const QUERY_NAMES: readonly string[] = readdirSync(QUERIES)
  .filter((name) => /^[qp]\d+\.sql$/.test(name))
  .map((name) => name.slice(0, -'.sql'.length))
  .sort((a, b) => (b[0] ?? '').localeCompare(a[0] ?? '') || Number(a.slice(1)) - Number(b.slice(1)))

const COUNT_CHAR = `CREATE TEMPORARY FUNCTION count_char AS '(text, letter) => {
  let count = 0
  for (let at = text.indexOf(letter); at >= 0; at = text.indexOf(letter, at + 1)) count++
  return count
}' LANGUAGE JAVASCRIPT
WITH ('signature' = '(STRING, STRING) -> BIGINT');`

export interface WorkloadOptions {
  /** Options of the table of events, `connector` among them. */
  readonly source: Readonly<Record<string, string>>
  /** Directory of the files that q10 writes. */
  readonly output: string
  /** File that q13 joins with. */
  readonly sideInput: string
  /** The statement that makes q14's function. */
  readonly countChar?: string
}

/** The statements of a query, the last one being its INSERT. */
export function queryStatements(query: string, options: WorkloadOptions): readonly string[] {
  return statementsOf('events.sql', options).concat(statementsOf(`${query}.sql`, options))
}

/** The statements of the table and the views of events. */
export function eventStatements(options: WorkloadOptions): readonly string[] {
  return statementsOf('events.sql', options)
}

/** The columns of the table of events that are in the records. */
export function eventColumns(): string {
  const definition = readFileSync(join(QUERIES, 'events.sql'), 'utf8')
  return definition.slice(definition.indexOf('(') + 1, definition.indexOf(',\n  `dateTime` AS CASE'))
}

/** The same for Flink: its files cannot be looked up, so that q13 joins with all of the side input. */
export function flinkStatements(query: string, options: WorkloadOptions): readonly string[] {
  return queryStatements(query, { ...options, countChar: FLINK_COUNT_CHAR }).map((statement) =>
    statement.replace('FOR SYSTEM_TIME AS OF B.p_time ', ''),
  )
}

/** With the SELECT of the INSERT as the last statement, and without the sink. */
export function asSelect(statements: readonly string[]): readonly string[] {
  const insert = statements.at(-1) ?? ''
  const select = insert.slice(insert.search(/^SELECT/m))
  return [...statements.slice(0, -1).filter((statement) => !/CREATE TABLE nexmark_/.test(statement)), select]
}

function statementsOf(file: string, options: WorkloadOptions): string[] {
  const source = Object.entries(options.source).map(([key, value]) => `'${key}' = '${value}'`)
  return (
    readFileSync(join(QUERIES, file), 'utf8')
      .replace('${SOURCE}', () => source.join(', '))
      .replace('${OUTPUT}', () => options.output)
      .replace('${SIDE_INPUT}', () => options.sideInput)
      .replace('${COUNT_CHAR}', () => options.countChar ?? COUNT_CHAR)
      // No text of the benchmark holds a semicolon at the end of a line.
      .split(/;\s*(?:\n|$)/)
      .filter((statement) => statement.replaceAll(/--.*/g, '').trim() !== '')
  )
}

/** The generator as source. */
export function generatorSource(events: number, rate: number): Readonly<Record<string, string>> {
  return {
    connector: 'nexmark',
    'events.num': `${events}`,
    'first-event.rate': `${rate}`,
    'next-event.rate': `${rate}`,
  }
}

export function fileSource(path: string): Readonly<Record<string, string>> {
  return { connector: 'filesystem', path, format: 'json' }
}

/** Lines `key,value` for the auctions modulo 10,000. */
export function sideInput(): string {
  return Array.from({ length: 10_000 }, (_, key) => `${key},value-${key}\n`).join('')
}
