/** `millrace run` and Ctrl-C: processes of their own, at parallelism 1 and 2. */
import { type ChildProcess, spawn } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const MILLRACE = join(import.meta.dirname, '..', '..', 'bin', 'millrace.js')
const ROWS = 2400
const NUMBERS = `CREATE TABLE numbers (n BIGINT, t AS PROCTIME()) WITH ('connector' = 'datagen', 'rows-per-second' = '1000',
  'fields.n.kind' = 'sequence', 'fields.n.start' = '1', 'fields.n.end' = '${ROWS}');`

let directory = ''
let children: ChildProcess[] = []

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-run-test-'))
  children = []
})

afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(directory, { recursive: true, force: true })
})

interface Run {
  readonly child: ChildProcess
  readonly output: () => string
  readonly ended: Promise<number | null>
}

function run(statements: string, parallelism: number): Run {
  const script = join(directory, 'job.sql')
  writeFileSync(script, `SET 'execution.checkpointing.interval' = '50 ms';\n${statements}`)
  const options = ['-D', `parallelism.default=${parallelism}`, '--data-dir', join(directory, 'state')]
  const child = spawn(process.execPath, [MILLRACE, 'run', script, ...options], { stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const { promise, resolve } = Promise.withResolvers<number | null>()
  child.once('close', resolve)
  return { child, output: () => output, ended: promise }
}

async function until(what: string, isTrue: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!isTrue()) {
    if (Date.now() > deadline) throw new Error(`never: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Rows of files that a checkpoint has committed. */
function written(): number[] {
  const files = globSync(join(directory, 'out', 'part-*'))
  return files.flatMap((file) => readFileSync(file, 'utf8').split('\n').slice(0, -1)).map((line) => Number(line))
}

async function interrupt({ child, ended }: Run): Promise<{ code: number | null; milliseconds: number }> {
  const started = performance.now()
  child.kill('SIGINT')
  return { code: await ended, milliseconds: performance.now() - started }
}

describe.each([1, 2])('at parallelism %i', (parallelism) => {
  it('Ctrl-C ends the jobs, and the next run goes on behind the last checkpoint', { timeout: 60_000 }, async () => {
    const statements = `${NUMBERS}
      CREATE TABLE o (n BIGINT) WITH ('connector' = 'filesystem', 'path' = '${join(directory, 'out')}', 'format' = 'csv');
      INSERT INTO o SELECT n FROM (SELECT n, ROW_NUMBER() OVER (PARTITION BY n ORDER BY t ASC) AS place FROM numbers) WHERE place = 1;`
    const first = run(statements, parallelism)
    await until('rows', () => written().length > 0)
    const { code, milliseconds } = await interrupt(first)
    expect(first.output()).toContain('was stopped after')
    expect(code).toBe(130)
    expect(milliseconds).toBeLessThan(5000)
    const before = written().length
    expect(before).toBeLessThan(ROWS)
    const second = run(statements, parallelism)
    expect(await second.ended).toBe(0)
    expect(written().sort((a, b) => a - b)).toEqual(Array.from({ length: ROWS }, (_, row) => row + 1))
    const rowsIn = Number(/([\d,]+) rows in,/.exec(second.output())?.[1]?.replaceAll(',', ''))
    expect(rowsIn).toBeLessThanOrEqual(ROWS - before)
  })

  it('Ctrl-C ends a query that shows its rows', { timeout: 60_000 }, async () => {
    const query = run(`${NUMBERS}\nSELECT MOD(n, 3), COUNT(*) FROM numbers GROUP BY MOD(n, 3);`, parallelism)
    await until('rows', () => query.output().includes('| +U |'))
    const { code, milliseconds } = await interrupt(query)
    expect(code).toBe(130)
    expect(milliseconds).toBeLessThan(5000)
    expect(query.output()).not.toContain('ERROR')
  })

  it('Ctrl-C while the job starts', { timeout: 60_000 }, async () => {
    const query = run(
      `${NUMBERS}\nCREATE TABLE hole (n BIGINT) WITH ('connector' = 'blackhole');
      INSERT INTO hole SELECT n FROM numbers;`,
      parallelism,
    )
    await until('the job', () => query.output().includes('hole'))
    expect((await interrupt(query)).code).toBe(130)
  })
})
