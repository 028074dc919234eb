/** Events as files of JSON, and the results of both engines over them. */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Session } from '../../session/index.ts'
import type { Flink } from './flink.ts'
import { asSelect, eventColumns, flinkStatements, queryStatements, type WorkloadOptions } from './workload.ts'

/**
 * Writes all events into one file, so that they are read in their order.
 *
 * @returns the directory
 */
export async function writeEvents(source: Readonly<Record<string, string>>, directory: string): Promise<string> {
  const session = new Session({ dataDirectory: `${directory}-state`, configuration: { 'table.dml-sync': 'true' } })
  const options = (record: Readonly<Record<string, string>>): string =>
    Object.entries(record)
      .map(([key, value]) => `'${key}' = '${value}'`)
      .join(', ')
  const sink = { connector: 'filesystem', path: directory, format: 'json', 'sink.rolling-policy.file-size': '1tb' }
  await session.execute(`CREATE TABLE events (${eventColumns()}) WITH (${options(source)})`)
  await session.execute(`CREATE TABLE files (${eventColumns()}) WITH (${options(sink)})`)
  await session.execute('INSERT INTO files SELECT * FROM events')
  await session.close()
  return directory
}

/** Windows of processing time fall as the clock has it; files are no rows. */
const NOT_COMPARED: readonly string[] = ['q10', 'q12']

const SHOWN_LENGTH = 100

/** What there is to say of the two results: `yes`, or how they differ. */
export function compareResults(query: string, workload: WorkloadOptions, flink: Flink, directory: string): string {
  if (NOT_COMPARED.includes(query)) return '-'
  const [ours, theirs] = [join(directory, `${query}-ours.txt`), join(directory, `${query}-flink.txt`)]
  const request = join(directory, 'results-request.json')
  const statements = asSelect(queryStatements(query, workload))
  writeFileSync(request, JSON.stringify({ statements, dataDirectory: join(directory, 'results-state') }))
  const { status, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, 'results.ts'), request, ours], {
    encoding: 'utf8',
  })
  if (status !== 0) return stderr.trim()
  const failed = flink.results(asSelect(flinkStatements(query, workload)), theirs)
  if (failed !== undefined) return `Flink: ${failed}`
  const [a, b] = [ours, theirs].map((file) => readFileSync(file, 'utf8').split('\n').sort()) as [string[], string[]]
  const at = a.findIndex((line, index) => line !== b[index])
  if (a.length === b.length && at < 0) return 'yes'
  const [own, other] = [a, b].map((lines) => (lines[at] ?? '').slice(0, SHOWN_LENGTH)) as [string, string]
  return `no: ${a.length - 1} and ${b.length - 1} rows, first "${own}" and "${other}"`
}
