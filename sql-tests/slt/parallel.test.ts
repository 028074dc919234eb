/** Every suite in two workers: the same tables as in one thread. */
import { expect, test } from 'vitest'
import { problemsOf, SUITE_NAMES } from './suite-problems.ts'

test.each(SUITE_NAMES)('%s', { timeout: 240_000 }, async (name) => {
  expect(await problemsOf(name, 'parallel')).toEqual([])
})

test('set operations in threads', { timeout: 240_000 }, async () => {
  expect(await problemsOf('set-operations.slt', 'threads')).toEqual([])
})
