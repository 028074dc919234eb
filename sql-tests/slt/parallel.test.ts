/** Every suite in two workers: the same tables as in one thread. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseSlt } from './format.ts'
import { runSuite } from './run-suite.ts'
import type { Way } from './three-ways.ts'

const SUITES = join(import.meta.dirname, 'suites')

async function problems(name: string, way: Way): Promise<readonly string[]> {
  const outcomes = await runSuite(parseSlt(readFileSync(join(SUITES, name), 'utf8')), ['straight', way])
  return outcomes.flatMap(({ record, problem }) => (problem === undefined ? [] : [`line ${record.line}: ${problem}`]))
}

test.each(globSync('**/*.slt', { cwd: SUITES }))('%s', { timeout: 240_000 }, async (name) => {
  expect(await problems(name, 'parallel')).toEqual([])
})

test('set operations in threads', { timeout: 240_000 }, async () => {
  expect(await problems('set-operations.slt', 'threads')).toEqual([])
})
