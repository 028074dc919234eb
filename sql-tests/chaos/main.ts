/**
 * Kill runs: `npm run chaos -- --runs N [--target filesystem|generator|kafka-4|kafka-3.9] [--records N] [--kills N] [--seed S]
 * [--restarts]`. With --restarts a server (the broker, PostgreSQL, in turn) is restarted under the last start of a run.
 * Every run kills the engine at random moments and at chosen steps of checkpoints, starts the same command again until
 * it ends by itself, and compares what independent readers find with the undisturbed run's. Last line: `N passed, N failed`.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createFilesystemTarget } from './filesystem.ts'
import { createGeneratorTarget } from './generator.ts'
import { createKafkaTarget } from './kafka-postgres.ts'
import { runThroughKills, runToEnd } from './kills.ts'
import { seededRandom } from '../random.ts'
import type { ChaosTarget } from './target.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    records: { type: 'string', default: '1000000' },
    kills: { type: 'string', default: '3' },
    'restart-every': { type: 'string', default: '5' },
    parallelism: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    target: { type: 'string', multiple: true, default: ['filesystem', 'generator', 'kafka-3.9', 'kafka-4'] },
  },
})
const MAX_ATTEMPTS = 5
const seed = Number(values.seed)
const records = Number(values.records)
const directory = mkdtempSync(join(tmpdir(), 'millrace-chaos-'))
process.stdout.write(`seed ${seed}, ${records} records, parallelism ${values.parallelism}\n`)
let [passed, failed] = [0, 0]

for (const name of values.target) {
  const target = await createTarget(name)
  try {
    const { script, dataDirectory } = await prepareRun(target, 'undisturbed')
    const started = performance.now()
    await runToEnd(script, dataDirectory)
    const duration = performance.now() - started
    const expected = await target.readResults('undisturbed')
    process.stdout.write(`${name}: undisturbed in ${Math.round(duration)} ms, ${describe(expected)}\n`)
    for (let run = 0; run < Number(values.runs); run++) await killRun(target, run, expected, duration)
    await target.removeRun('undisturbed')
  } finally {
    await target.close()
  }
}
rmSync(directory, { recursive: true, force: true })
process.stdout.write(`seed ${seed}, ${Math.round(performance.now() / 1000)} s\n`)
process.stdout.write(`${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1

async function createTarget(name: string): Promise<ChaosTarget> {
  const own = join(directory, name)
  if (name === 'filesystem') return createFilesystemTarget(own, records, seededRandom(seed))
  if (name === 'generator') return createGeneratorTarget(own, records)
  if (name === 'kafka-4' || name === 'kafka-3.9') return createKafkaTarget(name, own, records, seededRandom(seed))
  throw new Error(`no target ${name}`)
}

async function prepareRun(target: ChaosTarget, run: string): ReturnType<ChaosTarget['prepareRun']> {
  const prepared = await target.prepareRun(run)
  const { script } = prepared
  writeFileSync(script, `SET 'parallelism.default' = '${values.parallelism}';\n${readFileSync(script, 'utf8')}`)
  return prepared
}

async function killRun(
  target: ChaosTarget,
  run: number,
  expected: Readonly<Record<string, readonly string[]>>,
  duration: number,
): Promise<void> {
  const id = `run-${run}`
  const started = performance.now()
  const random = seededRandom(seed * 1000 + run)
  const every = Number(values['restart-every'])
  const server = run % every === every - 1 ? target.servers[Math.floor(run / every) % target.servers.length] : undefined
  const kills = Number(values.kills)
  let problem: string | undefined
  let done: readonly string[] = []
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const { script, dataDirectory } = await prepareRun(target, id)
    try {
      // Sooner each time: the machine may be less busy than it was under the undisturbed run.
      const plan = { kills, duration: duration / 2 ** attempt, server }
      done = (await runThroughKills(script, dataDirectory, random, plan)).kills
      problem = difference(expected, await target.readResults(id))
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error)
    }
    if (problem !== undefined || done.length >= kills) break
    // It ended before it was killed often enough: right, but not what is to be shown.
    if (attempt + 1 === MAX_ATTEMPTS) problem = `ended after ${done.length} kills, ${MAX_ATTEMPTS} times`
    else await target.removeRun(id)
  }
  process.stdout.write(
    `${target.name} ${id}: ${problem === undefined ? 'ok' : `FAILED: ${problem}`} (killed at ${done.join(', ')}; ${((performance.now() - started) / 1000).toFixed(1)} s)\n`,
  )
  if (problem === undefined) {
    passed++
    await target.removeRun(id)
  } else failed++
}

function describe(results: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(results)
    .map(([name, rows]) => `${rows.length} rows in ${name}`)
    .join(', ')
}

function difference(
  expected: Readonly<Record<string, readonly string[]>>,
  found: Readonly<Record<string, readonly string[]>>,
): string | undefined {
  for (const [name, rows] of Object.entries(expected)) {
    const own = found[name] ?? []
    const at = rows.findIndex((row, index) => row !== own[index])
    if (rows.length === own.length && at < 0) continue
    return `${name} has ${own.length} rows in place of ${rows.length}; first difference: ${rows[at] ?? ''} / ${own[at] ?? ''}`
  }
  return undefined
}
