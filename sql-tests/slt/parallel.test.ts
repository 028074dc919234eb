/** Suites in two workers, and by a job that goes from one to two to three: the same tables as in one thread. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseSlt } from './format.ts'
import { runSuite } from './run-suite.ts'

describe.each([
  ['set-operations', ['straight', 'parallel']],
  ['flink-docs/topn', ['straight', 'parallel', 'rescaled']],
] as const)('%s', (name, ways) => {
  it('gives the same in workers', { timeout: 240_000 }, async () => {
    const text = readFileSync(join(import.meta.dirname, 'suites', `${name}.slt`), 'utf8')
    const outcomes = await runSuite(parseSlt(text), ways)
    expect(outcomes.map(({ problem }) => problem).filter((problem) => problem !== undefined)).toEqual([])
  })
})
