/** Every suite begun by one worker, gone on with by two, ended by three: the same tables as in one thread. */
import { expect, test } from 'vitest'
import { problemsOf, SUITE_NAMES } from './suite-problems.ts'

test.each(SUITE_NAMES)('%s', { timeout: 240_000 }, async (name) => {
  expect(await problemsOf(name, 'rescaled')).toEqual([])
})

test('joins whose one side every worker has, begun by two workers, gone on with by one', {
  timeout: 240_000,
}, async () => {
  expect(await problemsOf('broadcast-joins.slt', 'rescaled back')).toEqual([])
})
