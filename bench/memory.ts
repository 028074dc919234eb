/**
 * `node bench/memory.ts [--gigabytes N] [--json]`: reads N (default 10) GB of JSON through a filter into a reader that
 * is slower than the source, checkpoints on, and watches the resident memory of the process. Fails where the second
 * half of the input needs more than a quarter above what the second quarter did.
 */
import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Session } from '../session/session.ts'

const { values } = parseArgs({ options: { gigabytes: { type: 'string', default: '10' }, json: { type: 'boolean' } } })
const FILE_BYTES = 128 << 20
const PAUSE_MILLISECONDS = 2
const files = Math.ceil((Number(values.gigabytes) * 2 ** 30) / FILE_BYTES)

const directory = mkdtempSync(join(tmpdir(), 'millrace-memory-'))
const input = join(directory, 'input')
mkdirSync(input)
const lines: string[] = []
for (let size = 0, index = 0; size < FILE_BYTES; index++) {
  const line = JSON.stringify({
    id: index,
    price: (index * 97) % 99_991,
    url: `https://a.example/${index}`,
    extra: 'x'.repeat(200),
  })
  lines.push(line)
  size += line.length + 1
}
// One file under many names: as much to read, without the room on the disk.
writeFileSync(join(input, 'part-0.json'), `${lines.join('\n')}\n`)
for (let file = 1; file < files; file++) linkSync(join(input, 'part-0.json'), join(input, `part-${file}.json`))
lines.length = 0

const session = new Session({
  dataDirectory: join(directory, 'state'),
  configuration: { 'execution.checkpointing.interval': '500 ms' },
})
const peaks = [0, 0]
try {
  await session.execute(
    `CREATE TABLE input (id BIGINT, price BIGINT, url STRING, extra STRING) WITH ('connector' = 'filesystem', 'path' = '${input}', 'format' = 'json')`,
  )
  const result = await session.execute('SELECT id, price * 2, UPPER(url), extra FROM input WHERE price > 100')
  if (result.kind !== 'query') throw new Error('no query')
  const total = files * FILE_BYTES
  let rows = 0
  for await (const batch of result.changes()) {
    rows += batch.rows
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS))
    const share = result.job.metrics().bytesIn / total
    // The garbage of making the input goes in the first quarter.
    if (share < 0.25) continue
    const half = share < 0.5 ? 0 : 1
    peaks[half] = Math.max(peaks[half] ?? 0, process.memoryUsage.rss())
  }
  const { bytesIn, elapsed } = result.job.metrics()
  const report = {
    gigabytes: Number((bytesIn / 2 ** 30).toFixed(2)),
    rows,
    seconds: Math.round(elapsed / 1000),
    peak_rss_mb_second_quarter: Math.round((peaks[0] ?? 0) / 2 ** 20),
    peak_rss_mb_second_half: Math.round((peaks[1] ?? 0) / 2 ** 20),
  }
  if (values.json === true) process.stdout.write(`${JSON.stringify(report)}\n`)
  else for (const [name, value] of Object.entries(report)) process.stdout.write(`${name.padEnd(26)} ${value}\n`)
  if ((peaks[1] ?? 0) > 1.25 * (peaks[0] ?? 0)) {
    process.stderr.write('memory grew with the input\n')
    process.exitCode = 1
  }
} finally {
  await session.close()
  rmSync(directory, { recursive: true, force: true })
}
