/** A job with a memory budget that is killed: the next process goes on from the checkpoint, whatever the memory was. */
import { spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const ROWS = 300_000
const RUN_QUERY = join(import.meta.dirname, '..', 'bench', 'nexmark', 'run-query.ts')

let directory = ''

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-budget-'))
})

afterEach(() => {
  rmSync(directory, { recursive: true, force: true })
})

function counted(name: string, field: string): string {
  return `CREATE TABLE ${name} (k BIGINT, ${field} BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '100000',
    'number-of-rows' = '${ROWS}', 'fields.k.kind' = 'sequence', 'fields.k.start' = '0', 'fields.k.end' = '${ROWS - 1}',
    'fields.${field}.kind' = 'sequence', 'fields.${field}.start' = '5', 'fields.${field}.end' = '${ROWS + 4}')`
}

function run(
  parallelism: number,
  killAfter: number | undefined,
): { readonly signal: string | null; readonly error: string } {
  const request = {
    statements: [
      counted('a', 'x'),
      counted('b', 'y'),
      `CREATE TABLE r (k BIGINT, x BIGINT, y BIGINT) WITH ('connector' = 'filesystem', 'format' = 'csv', 'path' = '${join(directory, 'out')}')`,
      'INSERT INTO r SELECT a.k, x, y FROM a JOIN b ON a.k = b.k',
    ],
    configuration: {
      'execution.checkpointing.interval': '500 ms',
      'state.memory.budget': '16 mb',
      'parallelism.default': `${parallelism}`,
    },
    dataDirectory: join(directory, 'state'),
    ...(killAfter === undefined ? {} : { killAfter }),
  }
  const file = join(directory, 'request.json')
  writeFileSync(file, JSON.stringify(request))
  const { signal, stderr } = spawnSync(process.execPath, [RUN_QUERY, file], { encoding: 'utf8' })
  return { signal, error: stderr }
}

describe.each([1, 2])('with %d workers', (parallelism) => {
  it('goes on after a kill, and leaves no file of its memory', { timeout: 120_000 }, () => {
    expect(run(parallelism, 2)).toEqual({ signal: 'SIGKILL', error: '' })
    expect(globSync('**/millrace-state-memory*', { cwd: directory })).toEqual([])
    expect(run(parallelism, undefined)).toEqual({ signal: null, error: '' })
    const lines = globSync('out/**/*', { cwd: directory, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
      .flatMap(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8').trimEnd().split('\n'))
    expect(lines.length).toBe(ROWS)
    const keys = new Set<number>()
    for (const line of lines) {
      const [k = -1, x, y] = line.split(',').map(Number)
      keys.add(k)
      if (x !== k + 5 || y !== k + 5) expect(line).toBe(`${k},${k + 5},${k + 5}`)
    }
    expect(keys.size).toBe(ROWS)
  })
})
