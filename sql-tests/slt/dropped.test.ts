/** Suites with state that is never in memory when an operator comes to it: the same tables. */
import { describe, expect, it } from 'vitest'
import { droppedBytes } from './dropping-memory.ts'
import { problemsOf } from './suite-problems.ts'

describe.each(['flink-docs/topn', 'flink-docs/joins', 'flink-docs/window-agg'])('%s', (name) => {
  it('gives the same with state out of memory', { timeout: 240_000 }, async () => {
    const before = droppedBytes()
    expect(await problemsOf(`${name}.slt`, 'dropped', 'dropped and restored')).toEqual([])
    expect(droppedBytes()).toBeGreaterThan(before + (1 << 20))
  })
})
