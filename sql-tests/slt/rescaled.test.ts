/** Every suite begun by one worker, gone on with by two, ended by three: the same tables as in one thread. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseSlt } from './format.ts'
import { runSuite } from './run-suite.ts'

const SUITES = join(import.meta.dirname, 'suites')

test.each(globSync('**/*.slt', { cwd: SUITES }))('%s', { timeout: 240_000 }, async (name) => {
  const outcomes = await runSuite(parseSlt(readFileSync(join(SUITES, name), 'utf8')), ['straight', 'rescaled'])
  expect(
    outcomes.flatMap(({ record, problem }) => (problem === undefined ? [] : [`line ${record.line}: ${problem}`])),
  ).toEqual([])
})
