/**
 * `npm run bench:baseline -- [--rows N] [--json]`: millrace beside straightforward Node.js programs that do the same,
 * whole processes pinned to one core, in turn, medians of three runs. Last line with --json: one JSON object.
 *
 * json_calc: JSON file → filter, arithmetic, string function → JSON file · group_by_1m: COUNT and SUM by a bigint with
 * a million keys · both: how many times as fast as the Node.js program, checkpoints on · startup_ms: from the start of
 * the process to the first result of a small script, node_ms: `node -e 0` in the same run.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const { values } = parseArgs({ options: { rows: { type: 'string', default: '10000000' }, json: { type: 'boolean' } } })
const ROWS = Number(values.rows)
const KEYS = 1_000_000
const RUNS = 3
const ROOT = join(import.meta.dirname, '..')
const directory = mkdtempSync(join(tmpdir(), 'millrace-baseline-'))

async function writeLines(file: string, count: number, line: (index: number) => string): Promise<void> {
  const stream = createWriteStream(file)
  let chunk = ''
  for (let index = 0; index < count; index++) {
    chunk += `${line(index)}\n`
    if (chunk.length < 1 << 20) continue
    if (!stream.write(chunk)) await once(stream, 'drain')
    chunk = ''
  }
  stream.end(chunk)
  await once(stream, 'finish')
}

function hasTaskset(): boolean {
  try {
    execFileSync('taskset', ['-c', '0', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const pinned = hasTaskset()

/** Wall-clock milliseconds of a whole process on one core. */
function time(args: readonly string[]): number {
  const started = performance.now()
  const [command, ...rest] = pinned ? ['taskset', '-c', '0', process.execPath, ...args] : [process.execPath, ...args]
  const { status, stderr } = spawnSync(command, rest, { cwd: directory, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${args.join(' ')} failed: ${stderr}`)
  return performance.now() - started
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? 0
}

interface Comparison {
  readonly ratio: number
  readonly millrace: number
  readonly node: number
}

function compare(name: string, rows: number, sql: string, naive: readonly string[]): Comparison {
  const script = join(directory, `${name}.sql`)
  writeFileSync(script, sql)
  const [own, other]: [number[], number[]] = [[], []]
  for (let run = 0; run <= RUNS; run++) {
    rmSync(join(directory, 'out'), { recursive: true, force: true })
    const millrace = time([join(ROOT, 'bin', 'millrace.js'), 'run', script])
    const node = time(naive)
    if (run === 0) continue
    own.push(millrace)
    other.push(node)
  }
  const result = {
    ratio: median(other) / median(own),
    millrace: rows / (median(own) / 1000),
    node: rows / (median(other) / 1000),
  }
  process.stdout.write(
    `${name}: millrace ${(result.millrace / 1e6).toFixed(2)} M rows/s, Node.js program ${(result.node / 1e6).toFixed(2)} M rows/s, ratio ${result.ratio.toFixed(2)}\n`,
  )
  return result
}

function startup(): { startup: number; node: number } {
  const script = join(directory, 'small.sql')
  writeFileSync(
    script,
    "SELECT a * 2, UPPER(b) FROM (VALUES (1, CAST('x' AS STRING)), (2, 'y')) AS t(a, b) WHERE a > 0;\n",
  )
  const run = (args: readonly string[]): number => median(Array.from({ length: 9 }, () => time(args)).slice(1))
  const result = { startup: run([join(ROOT, 'bin', 'millrace.js'), 'run', script]), node: run(['-e', '0']) }
  process.stdout.write(
    `startup: ${result.startup.toFixed(0)} ms for a small script, ${result.node.toFixed(0)} ms for node -e 0\n`,
  )
  return result
}

const calcInput = join(directory, 'bids.json')
// Bids as Nexmark has them: about 290 bytes in seven fields.
const EXTRA = 'abcdefghijklmnopqrstuvwxyz'.repeat(4)
await writeLines(calcInput, ROWS, (index) =>
  JSON.stringify({
    auction: 1000 + (index % 7919),
    bidder: 1000 + ((index * 31) % 104_729),
    price: 100 + ((index * 97) % 99_991),
    channel: `channel-${index % 97}`,
    url: `https://www.nexmark.com/${index % 1000}/item.htm?query=1&channel_id=${index % 10_007}`,
    dateTime: `2026-03-02 07:${String(10 + (index % 50))}:00.120`,
    extra: EXTRA.slice(index % 20),
  }),
)
const calc = compare(
  'json_calc',
  ROWS,
  `SET 'execution.checkpointing.interval' = '500 ms';
CREATE TABLE bids (auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, url STRING, dateTime TIMESTAMP(3), extra STRING) WITH ('connector' = 'filesystem', 'path' = '${calcInput}', 'format' = 'json');
CREATE TABLE results (auction BIGINT, price BIGINT, channel STRING, url STRING) WITH ('connector' = 'filesystem', 'path' = '${join(directory, 'out')}', 'format' = 'json');
INSERT INTO results SELECT auction, price * 908 / 1000, UPPER(channel), url FROM bids WHERE MOD(auction, 3) <> 0;`,
  [join(import.meta.dirname, 'baseline', 'naive-calc.js'), calcInput, join(directory, 'naive.json')],
)
rmSync(calcInput)
const groupInput = join(directory, 'groups.json')
const groupRows = Math.round(0.8 * ROWS)
await writeLines(
  groupInput,
  groupRows,
  (index) => `{"k":${(Math.imul(index, 2654435761) >>> 0) % KEYS},"v":${index % 1000}}`,
)
const groups = compare(
  'group_by_1m',
  groupRows,
  `SET 'execution.checkpointing.interval' = '500 ms';
CREATE TABLE input (k BIGINT, v BIGINT) WITH ('connector' = 'filesystem', 'path' = '${groupInput}', 'format' = 'json');
CREATE TABLE results (k BIGINT, n BIGINT, total BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO results SELECT k, COUNT(*), SUM(v) FROM input GROUP BY k;`,
  [join(import.meta.dirname, 'baseline', 'naive-group-by.js'), groupInput],
)
const start = startup()
rmSync(directory, { recursive: true, force: true })
const round = (value: number): number => Math.round(value * 100) / 100
if (values.json === true) {
  process.stdout.write(
    `${JSON.stringify({ json_calc: round(calc.ratio), group_by_1m: round(groups.ratio), startup_ms: Math.round(start.startup), node_ms: Math.round(start.node), json_calc_rows_per_second: Math.round(calc.millrace), group_by_1m_rows_per_second: Math.round(groups.millrace) })}\n`,
  )
}
