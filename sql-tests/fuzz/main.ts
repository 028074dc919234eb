/** `npm run fuzz -- [--cases N] [--seed S] [--batch]`: random queries beside DuckDB. Last line: `N passed, N failed`. */
import { parseArgs } from 'node:util'
import { compareCases } from './compare.ts'

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    batch: { type: 'boolean', default: false },
  },
})
const cases = Number(values.cases)
process.stdout.write(`seed ${values.seed}\n`)
const failures = await compareCases(Number(values.seed), cases, values.batch ? 'batch' : 'streaming')
for (const { seed, sql, problem } of failures) process.stdout.write(`seed ${seed}: ${problem}\n  ${sql}\n`)
process.stdout.write(`${cases - failures.length} passed, ${failures.length} failed\n`)
process.exitCode = failures.length === 0 ? 0 : 1
