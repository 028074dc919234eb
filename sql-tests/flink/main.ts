/**
 * `npm run flink -- [PATTERN]`: runs the suites of `../slt/suites` whose path contains PATTERN in a real Flink and in
 * Millrace, with the same input in the same order, and compares columns and changes of every query.
 */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSlt, type SltRecord } from '../slt/format.ts'
import { compare, type Scope } from './compare.ts'
import { COMPARED_AS_TABLES, KNOWN_DIFFERENCES, MILLRACE_ONLY, OTHER_SCOPES } from './differences.ts'
import { type Answer, type Flink, startFlink } from './flink.ts'
import { type Found, runInTurns } from './in-turns.ts'

const SUITES = join(import.meta.dirname, '..', 'slt', 'suites')

interface Count {
  passed: number
  failed: number
}

async function runSuite(name: string, flink: Flink, count: Count): Promise<void> {
  const text = readFileSync(join(SUITES, name), 'utf8')
  const records = parseSlt(text)
  const answers = new Map((await flink.run(text)).map((answer) => [answer.line, answer]))
  const found = await runInTurns(records)
  for (const record of records) {
    const [answer, ours] = [answers.get(record.line), found.get(record.line)]
    if (answer === undefined || ours === undefined) continue
    const complaint = judge(name, record, answer, ours)
    if (complaint === undefined) count.passed++
    else {
      count.failed++
      process.stdout.write(`${name}:${record.line}: ${complaint}\n${record.body}\n\n`)
    }
  }
}

/** What is wrong with a record, or undefined. */
function judge(suite: string, record: SltRecord, answer: Answer, found: Found): string | undefined {
  const known = KNOWN_DIFFERENCES.find(({ records }) => isAmong(records, suite, record))
  const difference = compare(answer, found, scopeOf(suite, record))
  if (difference === undefined)
    return known === undefined ? undefined : `no longer differs: take it out of differences.ts (${known.reason})`
  if (known !== undefined) return undefined
  return `${difference.what}\nFlink:\n${difference.flink}\nMillrace:\n${difference.millrace}`
}

function scopeOf(suite: string, record: SltRecord): Scope {
  if (suite in COMPARED_AS_TABLES) return 'the table'
  const other = OTHER_SCOPES.find(([path, sql]) => path === suite && sql === record.body)
  return other?.[2] ?? 'every change in order'
}

function isAmong(
  records: readonly (readonly [suite: string, sql: string])[],
  suite: string,
  record: SltRecord,
): boolean {
  return records.some(([path, sql]) => path === suite && sql === record.body)
}

const pattern = process.argv[2] ?? ''
const count: Count = { passed: 0, failed: 0 }
const flink = await startFlink()
try {
  for (const name of globSync('**/*.slt', { cwd: SUITES }).toSorted())
    if (name.includes(pattern) && !(name in MILLRACE_ONLY)) await runSuite(name, flink, count)
} finally {
  await flink.stop()
}
process.stdout.write(`${count.passed} passed, ${count.failed} failed\n`)
process.exitCode = count.failed === 0 && count.passed > 0 ? 0 : 1
