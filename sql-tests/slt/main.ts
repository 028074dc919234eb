/**
 * `npm run slt -- [--update] [--parallel] [--dropped] [--divided] [PATTERN]`: runs the suites whose path contains PATTERN;
 * --update rewrites expectations, --parallel compares with two workers, and with jobs that go from one to two to three and from two to one, in place
 * of tiny batches and failures; --dropped with state that is never in memory, --divided with operators that are divided on the way.
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatSlt, parseSlt } from './format.ts'
import { runSuite } from './run-suite.ts'
import { type Way, WAYS } from './three-ways.ts'

const SUITES = join(import.meta.dirname, 'suites')
const OTHER_WAYS: Readonly<Record<string, readonly Way[]>> = {
  '--parallel': ['straight', 'parallel', 'rescaled', 'rescaled back'],
  '--dropped': ['straight', 'dropped', 'dropped and restored'],
  '--divided': ['straight', 'divided', 'divided and restored'],
}
const ways = process.argv.flatMap((argument) => OTHER_WAYS[argument] ?? [])
const update = process.argv.includes('--update')
const pattern = process.argv.slice(2).find((argument) => !argument.startsWith('--')) ?? ''
let [passed, failed] = [0, 0]
for (const name of globSync('**/*.slt', { cwd: SUITES }).filter((candidate) => candidate.includes(pattern))) {
  const path = join(SUITES, name)
  const outcomes = await runSuite(parseSlt(readFileSync(path, 'utf8')), ways.length === 0 ? WAYS : ways)
  for (const { record, found, problem } of outcomes) {
    if (problem === undefined && (found === undefined || found === record.expected || update)) {
      passed++
      continue
    }
    failed++
    process.stdout.write(
      `${name}:${record.line}: ${problem ?? `expected\n${record.expected}\nfound\n${found ?? ''}`}\n`,
    )
  }
  if (update)
    writeFileSync(
      path,
      formatSlt(outcomes.map(({ record, found }) => ({ ...record, expected: found ?? record.expected }))),
    )
}
process.stdout.write(`${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1
