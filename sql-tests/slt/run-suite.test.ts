import { expect, test } from 'vitest'
import { parseSlt } from './format.ts'
import { runSuite } from './run-suite.ts'

test('a record that fails says why, and those behind it run', async () => {
  const records = parseSlt(
    [
      'query table\nSELECT nothing FROM nowhere',
      'query table\nINSERT INTO nowhere SELECT 1',
      'output\nDESCRIBE nowhere',
      'query table\nSELECT 1 +',
      'query table\nSELECT 1 + 1\n----\n2',
    ].join('\n\n'),
  )
  const outcomes = await runSuite(records)
  expect(outcomes.map(({ problem }) => problem?.split('\n')[0])).toEqual([
    'ERROR: table or view "nowhere" does not exist',
    'ERROR: line 4: not a query',
    'ERROR: table or view "default_catalog.default_database.nowhere" does not exist',
    expect.stringContaining('ERROR:'),
    undefined,
  ])
  expect(outcomes.at(-1)?.found).toBe('2')
})
