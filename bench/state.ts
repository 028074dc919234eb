/**
 * Whether state stays flat: queries whose state Flink bounds, over many events of 1,000 keys. A query fails when its
 * state in the second half of the events is more than a fifth above the highest of the first half.
 *
 *     npm run bench:state -- [--events N] [--queries tumble,session] [--json FILE]
 *
 * 100 million events take minutes a query; the default is 20 million. Exit code 1 where one fails.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Session } from '../session/index.ts'
import { eventStatements, generatorSource } from './nexmark/workload.ts'

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '20000000' },
    queries: { type: 'string' },
    json: { type: 'string' },
  },
})
const EVENTS = Number(values.events)
/** Of event time, a second: the windows below hold some hundred thousand events. */
const RATE = 100_000
const SAMPLE_MILLISECONDS = 10
const ALLOWED_GROWTH = 1.2

const TUMBLE = "TABLE(TUMBLE(TABLE bids, DESCRIPTOR(ts), INTERVAL '2' SECOND))"

/** A SELECT each, with the columns of the sink: k, n, at. */
const QUERIES: Readonly<Record<string, string>> = {
  tumble: `SELECT k, COUNT(*), window_start FROM ${TUMBLE} GROUP BY window_start, window_end, k`,
  hop: "SELECT k, SUM(price), window_start FROM TABLE(HOP(TABLE bids, DESCRIPTOR(ts), INTERVAL '1' SECOND, INTERVAL '4' SECOND)) GROUP BY window_start, window_end, k",
  cumulate:
    "SELECT k, MAX(price), window_start FROM TABLE(CUMULATE(TABLE bids, DESCRIPTOR(ts), INTERVAL '1' SECOND, INTERVAL '4' SECOND)) GROUP BY window_start, window_end, k",
  distinct: `SELECT k, COUNT(DISTINCT bidder), window_start FROM ${TUMBLE} GROUP BY window_start, window_end, k`,
  'grouping-sets': `SELECT k, COUNT(*), window_start FROM ${TUMBLE} GROUP BY window_start, window_end, ROLLUP (k)`,
  session:
    "SELECT k, COUNT(*), window_start FROM TABLE(SESSION(TABLE bids PARTITION BY k, DESCRIPTOR(ts), INTERVAL '0.02' SECOND)) GROUP BY window_start, window_end, k",
  'session-rows':
    "SELECT k, COUNT(DISTINCT bidder), SESSION_START(ts, INTERVAL '0.02' SECOND) FROM bids GROUP BY k, SESSION(ts, INTERVAL '0.02' SECOND)",
  'window-rank': `SELECT k, price, window_start FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end, k ORDER BY price DESC) AS n FROM ${TUMBLE}) WHERE n <= 3`,
  'window-deduplicate': `SELECT k, price, window_start FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end, k ORDER BY ts DESC) AS n FROM ${TUMBLE}) WHERE n = 1`,
  'window-join': `SELECT a.k, a.bidder - b.bidder, a.window_start FROM ${TUMBLE} AS a LEFT JOIN ${TUMBLE} AS b ON a.window_start = b.window_start AND a.window_end = b.window_end AND a.k = b.k AND a.price = b.price`,
  'interval-join':
    "SELECT a.k, a.bidder - b.bidder, CAST(a.ts AS TIMESTAMP(3)) FROM bids AS a LEFT JOIN bids AS b ON a.k = b.k AND a.price = b.price AND b.ts BETWEEN a.ts - INTERVAL '1' SECOND AND a.ts",
  'temporal-join':
    'SELECT a.k, a.price - v.price, CAST(a.ts AS TIMESTAMP(3)) FROM bids AS a LEFT JOIN latest FOR SYSTEM_TIME AS OF a.ts AS v ON a.k = v.k',
  over: "SELECT k, SUM(price) OVER (PARTITION BY k ORDER BY ts RANGE BETWEEN INTERVAL '1' SECOND PRECEDING AND CURRENT ROW), CAST(ts AS TIMESTAMP(3)) FROM bids",
  match:
    "SELECT k, n, CAST(at_time AS TIMESTAMP(3)) FROM bids MATCH_RECOGNIZE (PARTITION BY k ORDER BY ts MEASURES COUNT(B.price) AS n, C.ts AS at_time ONE ROW PER MATCH AFTER MATCH SKIP PAST LAST ROW PATTERN (A B C) WITHIN INTERVAL '0.1' SECOND DEFINE B AS B.price < A.price, C AS C.price > B.price)",
  ttl: "SELECT /*+ STATE_TTL('bid' = '1 s') */ auction, COUNT(*), MAX(CAST(`dateTime` AS TIMESTAMP(3))) FROM bid GROUP BY auction",
}

interface Report {
  readonly query: string
  readonly eventsPerSecond: number
  readonly firstHalfBytes: number
  readonly secondHalfBytes: number
  readonly flat: boolean
}

async function measure(query: string, select: string): Promise<Report> {
  const session = new Session()
  const source = generatorSource(EVENTS, RATE)
  for (const statement of eventStatements({ source, output: '', sideInput: '' })) await session.execute(statement)
  await session.execute(
    'CREATE VIEW bids AS SELECT MOD(auction, 1000) AS k, MOD(bidder, 1000) AS bidder, price, `dateTime` AS ts FROM bid',
  )
  await session.execute(
    'CREATE VIEW latest AS SELECT k, price, ts FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY ts DESC) AS n FROM bids) WHERE n = 1',
  )
  await session.execute(
    "CREATE TABLE results (k BIGINT, n BIGINT, at_time TIMESTAMP(3)) WITH ('connector' = 'blackhole')",
  )
  const started = performance.now()
  const result = await session.execute(`INSERT INTO results ${select}`)
  if (result.kind !== 'job') throw new Error(`${query} gave ${result.kind}`)
  const { job } = result
  const halves: [number, number] = [0, 0]
  const sampler = setInterval(() => {
    const { rowsIn, operators } = job.metrics()
    const bytes = operators.reduce((sum, operator) => sum + operator.stateBytes, 0)
    const half = rowsIn < EVENTS / 2 ? 0 : 1
    halves[half] = Math.max(halves[half], bytes)
  }, SAMPLE_MILLISECONDS)
  await job.finished.finally(() => {
    clearInterval(sampler)
  })
  const seconds = (performance.now() - started) / 1000
  await session.close()
  const [firstHalfBytes, secondHalfBytes] = halves
  const flat = firstHalfBytes > 0 && secondHalfBytes > 0 && secondHalfBytes <= ALLOWED_GROWTH * firstHalfBytes
  return { query, eventsPerSecond: Math.round(EVENTS / seconds), firstHalfBytes, secondHalfBytes, flat }
}

const chosen = values.queries?.split(',') ?? Object.keys(QUERIES)
const reports: Report[] = []
for (const name of chosen) {
  const select = QUERIES[name]
  if (select === undefined) throw new Error(`no query "${name}": ${Object.keys(QUERIES).join(', ')}`)
  const report = await measure(name, select)
  reports.push(report)
  const kilobytes = (bytes: number): string => `${Math.round(bytes / 1024)} KB`.padStart(10)
  const rate = `${(report.eventsPerSecond / 1e6).toFixed(2)} M events/s`
  process.stdout.write(
    `${name.padEnd(20)}${kilobytes(report.firstHalfBytes)}${kilobytes(report.secondHalfBytes)}  ${rate}  ${report.flat ? 'flat' : 'GROWS'}\n`,
  )
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(reports, null, 2)}\n`)
process.exitCode = reports.every((report) => report.flat) ? 0 : 1
