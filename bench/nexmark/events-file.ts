/** Events as files of JSON, and the results of both engines over them. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
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

/** Windows of processing time fall as the clock has it. */
const NOT_COMPARED: readonly string[] = ['q12']
/** What is written to files: their lines are the rows. */
const FILES: readonly string[] = ['q10']
/**
 * Flink 2.2.0 takes q6's first Top-N for one that only inserts, or for one whose order only rises (FLINK-39966), and has
 * other rows in every run: its batch mode is right.
 */
const IN_BATCH: readonly string[] = ['q6']

const SHOWN_LENGTH = 100

/** What there is to say of the two results: `yes`, or how they differ. */
export function compareResults(query: string, workload: WorkloadOptions, flink: Flink, directory: string): string {
  if (NOT_COMPARED.includes(query)) return '-'
  const results = FILES.includes(query)
    ? writtenFiles(query, workload, flink, directory)
    : selectedRows(query, workload, flink, directory)
  if (typeof results === 'string') return results
  const [a, b] = results
  const at = a.findIndex((line, index) => line !== b[index])
  if (a.length === b.length && at < 0) return 'yes'
  const [own, other] = [a, b].map((lines) => (lines[at] ?? '').slice(0, SHOWN_LENGTH)) as [string, string]
  return `no: ${a.length} and ${b.length} rows, first "${own}" and "${other}"`
}

/** Ours and Flink's, or why there are none. */
type Results = readonly [string[], string[]] | string

function selectedRows(query: string, workload: WorkloadOptions, flink: Flink, directory: string): Results {
  const [ours, theirs] = [join(directory, `${query}-ours.txt`), join(directory, `${query}-flink.txt`)]
  const failed =
    run('results.ts', { statements: asSelect(queryStatements(query, workload)), directory }, [ours]) ??
    flinkError(flink.results(asSelect(flinkStatements(query, workload)), theirs, IN_BATCH.includes(query)))
  return failed ?? [sortedLines(ours), sortedLines(theirs)]
}

function writtenFiles(query: string, workload: WorkloadOptions, flink: Flink, directory: string): Results {
  const [ours, theirs] = [join(directory, `${query}-ours`), join(directory, `${query}-flink`)]
  for (const output of [ours, theirs]) rmSync(output, { recursive: true, force: true })
  const failed = run(
    'run-query.ts',
    { statements: queryStatements(query, { ...workload, output: ours }), directory },
    [],
  )
  if (failed !== undefined) return failed
  const report = flink.measure(flinkStatements(query, { ...workload, output: theirs }), 1, '10 s')
  return typeof report === 'string' ? `Flink: ${report}` : [linesOfFiles(ours), linesOfFiles(theirs)]
}

/** @returns what went wrong */
function run(
  script: string,
  { statements, directory }: { statements: readonly string[]; directory: string },
  args: readonly string[],
): string | undefined {
  const request = join(directory, 'results-request.json')
  const dataDirectory = join(directory, 'results-state')
  writeFileSync(request, JSON.stringify({ statements, configuration: {}, dataDirectory }))
  const { status, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, script), request, ...args], {
    encoding: 'utf8',
  })
  rmSync(dataDirectory, { recursive: true, force: true })
  return status === 0 ? undefined : stderr.trim() || 'killed'
}

function flinkError(error: string | undefined): string | undefined {
  return error === undefined ? undefined : `Flink: ${error}`
}

function sortedLines(file: string): string[] {
  return readFileSync(file, 'utf8').split('\n').slice(0, -1).sort()
}

/** Each behind the directory of its partition; hidden files and marks of success are no data. */
function linesOfFiles(directory: string): string[] {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && !/^[._]/.test(entry.name),
  )
  return files
    .flatMap(({ parentPath, name }) => {
      const partition = relative(directory, parentPath)
      return sortedLines(join(parentPath, name)).map((line) => `${partition}|${line}`)
    })
    .sort()
}
