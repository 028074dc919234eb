/** Every suite below `suites/`. `npm run slt -- --update` rewrites what they expect. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseSlt } from './format.ts'
import { type Outcome, runSuite } from './run-suite.ts'

const SUITES = join(import.meta.dirname, 'suites')

describe.each(globSync('**/*.slt', { cwd: SUITES }))('%s', (name) => {
  const records = parseSlt(readFileSync(join(SUITES, name), 'utf8'))
  let running: Promise<Outcome[]> | undefined
  const shown = records.map(
    (record, index) => [`line ${record.line}: ${record.body.split('\n')[0] ?? ''}`, index] as const,
  )
  test.each(shown.filter(([, index]) => !['comment', 'file'].includes(records[index]?.kind ?? '')))(
    '%s',
    async (_title, index) => {
      running ??= runSuite(records)
      const outcome = (await running)[index]
      expect(outcome?.problem).toBeUndefined()
      if (outcome?.found !== undefined) expect(outcome.found).toBe(outcome.record.expected)
    },
  )
})
