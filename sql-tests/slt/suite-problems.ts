/** Suites run in other ways than their own, for tests. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSlt } from './format.ts'
import { runSuite } from './run-suite.ts'
import type { Way } from './three-ways.ts'

const SUITES = join(import.meta.dirname, 'suites')

export const SUITE_NAMES: readonly string[] = globSync('**/*.slt', { cwd: SUITES })

/** Where these ways give another result than the straight one. */
export async function problemsOf(suite: string, ...ways: readonly Way[]): Promise<readonly string[]> {
  const outcomes = await runSuite(parseSlt(readFileSync(join(SUITES, suite), 'utf8')), ['straight', ...ways])
  return outcomes.flatMap(({ record, problem }) => (problem === undefined ? [] : [`line ${record.line}: ${problem}`]))
}
