/** Suites with state that is never in memory when an operator comes to it: the same tables. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { droppedBytes } from './dropping-memory.ts'
import { parseSlt } from './format.ts'
import { runSuite } from './run-suite.ts'

describe.each(['flink-docs/topn', 'flink-docs/joins', 'flink-docs/window-agg'])('%s', (name) => {
  it('gives the same with state out of memory', { timeout: 240_000 }, async () => {
    const text = readFileSync(join(import.meta.dirname, 'suites', `${name}.slt`), 'utf8')
    const before = droppedBytes()
    const outcomes = await runSuite(parseSlt(text), ['straight', 'dropped', 'dropped and restored'])
    expect(outcomes.map(({ problem }) => problem).filter((problem) => problem !== undefined)).toEqual([])
    expect(droppedBytes()).toBeGreaterThan(before + (1 << 20))
  })
})
