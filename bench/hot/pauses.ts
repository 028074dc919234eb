/** How long checkpoints of a running job stop its stream: a real job, watched at its source. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Configuration } from '../../catalog/configuration.ts'
import type { Source, SourcePoll } from '../../connectors/api/source.ts'
import { CONNECTORS } from '../../connectors/index.ts'
import { SYSTEM_CLOCK } from '../../core/clock.ts'
import { runJob } from '../../executor/runtime/job.ts'
import { parseStatement } from '../../parser/parse.ts'
import { planStatement } from '../../planner/plan.ts'
import { Session } from '../../session/session.ts'
import { wrapSources } from '../../sql-tests/wrapped-sources.ts'

const CHECKPOINTS = 6
const INTERVAL = '2 s'

export interface Pauses {
  /** Between two batches of the source while checkpoints ran, milliseconds of wall-clock time. */
  readonly longest_pause_ms: number
  /** CPU time of the job's thread in the same gaps: what is left where other processes want the machine too. */
  readonly longest_pause_cpu_ms: number
  /** Between two batches at all other times. */
  readonly longest_pause_without_checkpoint_ms: number
  /** From its beginning to when it is durable. */
  readonly longest_checkpoint_ms: number
  readonly rows_per_checkpoint: number
}

interface Gap {
  readonly from: number
  readonly to: number
  readonly cpu: number
}

/** Times at which a source is asked for more, as intervals that are longer than a millisecond. */
class Watch {
  #last = 0
  #lastCpu = 0
  rows = 0
  readonly gaps: Gap[] = []

  wrap(source: Source): Source {
    const told = (polled: SourcePoll): SourcePoll => {
      if (polled.kind === 'rows') this.rows += polled.batch.rows
      return polled
    }
    return {
      open: (position) => source.open(position),
      splits: () => source.splits(),
      position: () => source.position(),
      close: () => source.close(),
      poll: (maxWait) => {
        const now = performance.now()
        const { user, system } = process.threadCpuUsage()
        const cpu = (user + system) / 1000
        if (this.#last > 0 && now - this.#last > 1)
          this.gaps.push({ from: this.#last, to: now, cpu: cpu - this.#lastCpu })
        this.#last = now
        this.#lastCpu = cpu
        const polled = source.poll(maxWait)
        return polled instanceof Promise ? polled.then(told) : told(polled)
      },
    }
  }
}

/** GROUP BY over all keys in turn: between two checkpoints each of them changes. */
export async function measurePauses(keys: number): Promise<Pauses & Record<string, number>> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-pauses-'))
  const session = new Session()
  await session.execute(
    "CREATE TABLE numbers (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '1000000000', 'fields.n.kind' = 'sequence', 'fields.n.start' = '0', 'fields.n.end' = '1000000000000')",
  )
  await session.execute("CREATE TABLE counts (k BIGINT, n BIGINT, total BIGINT) WITH ('connector' = 'blackhole')")
  const sql = `INSERT INTO counts SELECT k, COUNT(*), SUM(n) FROM (SELECT MOD(n, ${keys}) * 7919 AS k, n FROM numbers) GROUP BY k`
  const statement = parseStatement(sql)
  if (statement.kind !== 'insert') throw new Error('no INSERT')
  const watch = new Watch()
  const checkpoints: { readonly from: number; readonly to: number; readonly rows: number }[] = []
  let [began, rows] = [0, 0]
  const { promise: enough, resolve } = Promise.withResolvers<void>()
  const job = runJob({
    graph: planStatement(statement, sql, session.plannerContext()),
    name: 'pauses',
    stateName: 'pauses',
    configuration: new Configuration({ 'execution.checkpointing.interval': INTERVAL }).snapshot(),
    connectors: wrapSources(CONNECTORS, (source) => watch.wrap(source)),
    dataDirectory: directory,
    output: { write: () => undefined, writeError: () => undefined },
    clock: SYSTEM_CLOCK,
    log: () => undefined,
    keepFinished: false,
    onPhase: (phase) => {
      const now = performance.now()
      if (phase === 'snapshot') began = now
      if (phase !== 'committed') return
      checkpoints.push({ from: began, to: now, rows: watch.rows - rows })
      rows = watch.rows
      if (checkpoints.length > CHECKPOINTS) resolve()
    },
  })
  await Promise.race([enough, job.finished])
  await job.cancel()
  await session.close()
  rmSync(directory, { recursive: true, force: true })
  // While the first one runs the tables still grow.
  const counted = checkpoints.slice(1)
  const since = checkpoints[0]?.to ?? 0
  const gaps = (during: boolean): Gap[] =>
    watch.gaps.filter(
      ({ from, to }) => from > since && counted.some((one) => from <= one.to && to >= one.from) === during,
    )
  const longest = (some: readonly Gap[]): number => Math.max(0, ...some.map(({ from, to }) => to - from))
  const round = (value: number): number => Math.round(10 * value) / 10
  return {
    longest_pause_ms: round(longest(gaps(true))),
    longest_pause_cpu_ms: round(Math.max(0, ...gaps(true).map(({ cpu }) => cpu))),
    longest_pause_without_checkpoint_ms: round(longest(gaps(false))),
    longest_checkpoint_ms: round(Math.max(...counted.map(({ from, to }) => to - from))),
    rows_per_checkpoint: Math.min(...counted.map((one) => one.rows)),
  }
}
