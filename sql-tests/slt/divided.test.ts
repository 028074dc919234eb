/**
 * Suites with operators that are divided into partitions while they run, and restored so: the same tables. The others
 * run with `npm run slt -- --divided`.
 */
import { afterAll, expect, test } from 'vitest'
import { partitionsMade } from './dividing-memory.ts'
import { problemsOf } from './suite-problems.ts'

const SUITES = [
  'aggregates',
  'changelog-functions',
  'debezium-json',
  'deduplication',
  'interval-joins',
  'joins',
  'match-recognize',
  'mini-batch',
  'over',
  'process-functions',
  'session-windows',
  'sink-options',
  'temporal-joins',
  'top-n',
  'window-aggregates',
  'window-changelogs',
  'window-joins',
  'window-ranks',
]

test.each(SUITES)('%s', { timeout: 240_000 }, async (name) => {
  expect(await problemsOf(`${name}.slt`, 'divided', 'divided and restored')).toEqual([])
})

afterAll(() => {
  expect(partitionsMade()).toBeGreaterThan(1000)
})
