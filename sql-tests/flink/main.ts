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
  const met = new Set<string>()
  for (const record of records) {
    const [answer, ours] = [answers.get(record.line), found.get(record.line)]
    if (answer === undefined || ours === undefined) continue
    const complaint = judge(name, record, answer, ours, met)
    if (complaint === undefined) count.passed++
    else {
      count.failed++
      process.stdout.write(`${name}:${record.line}: ${complaint}\n${record.body}\n\n`)
    }
  }
  for (const { sql, reason } of knownDifferences(name)) {
    if (met.has(sql)) continue
    count.failed++
    process.stdout.write(`${name}: no longer differs: take it out of differences.ts (${reason})\n${sql}\n\n`)
  }
}

/** What is wrong with a record, or undefined. Known differences that were found are put into `met`. */
function judge(suite: string, record: SltRecord, answer: Answer, found: Found, met: Set<string>): string | undefined {
  const difference = compare(answer, found, scopeOf(suite, record))
  if (difference === undefined) return undefined
  if (knownDifferences(suite).some(({ sql }) => sql === record.body)) {
    met.add(record.body)
    return undefined
  }
  return `${difference.what}\nFlink:\n${difference.flink}\nMillrace:\n${difference.millrace}`
}

function knownDifferences(suite: string): { readonly sql: string; readonly reason: string }[] {
  return KNOWN_DIFFERENCES.flatMap(({ reason, records }) =>
    records.filter(([path]) => path === suite).map(([, sql]) => ({ sql, reason })),
  )
}

function scopeOf(suite: string, record: SltRecord): Scope {
  if (suite in COMPARED_AS_TABLES) return 'the table'
  const other = OTHER_SCOPES.find(([path, sql]) => path === suite && sql === record.body)
  return other?.[2] ?? 'every change in order'
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
