/** Counts of a job over all its attempts. */
import type { Clock } from '../../core/clock.ts'
import type { OperatorGraph, OperatorNode } from '../../planner/physical/graph.ts'
import type { CheckpointCoordinator, CompletedCheckpoint } from '../checkpoint/coordinator.ts'
import { MAX_WATERMARK, MIN_WATERMARK } from '../operators/operator.ts'
import type { JobAttempt } from './job-attempt.ts'
import type { JobMetrics, OperatorStatistics } from './metrics.ts'

interface Totals {
  readonly rowsIn: number
  readonly rowsOut: number
  readonly bytesIn: number
}

export class JobStatistics {
  readonly #graph: OperatorGraph
  readonly #startTime: number
  readonly #clock: Clock
  skipped = 0
  restarts = 0
  /** Of attempts that are over. */
  #before: Totals = { rowsIn: 0, rowsOut: 0, bytesIn: 0 }
  #checkpointsBefore = 0
  #lastCheckpoint: CompletedCheckpoint | undefined
  #current: JobAttempt | undefined
  #lastRead = { at: 0, rows: 0, busy: new Map<string, number>(), waited: new Map<string, number>() }
  #endedAt: number | undefined

  constructor(graph: OperatorGraph, startTime: number, clock: Clock) {
    this.#graph = graph
    this.#startTime = startTime
    this.#clock = clock
  }

  /** Takes over the counts of an attempt that is over. */
  keep(attempt: JobAttempt, coordinator: CheckpointCoordinator): void {
    const totals = totalsOf(attempt)
    this.#before = add(this.#before, totals)
    this.#checkpointsBefore += coordinator.count
    this.#lastCheckpoint = coordinator.completed.at(-1) ?? this.#lastCheckpoint
    this.#current = attempt
    this.#endedAt = this.#clock.now()
  }

  read(attempt: JobAttempt | undefined, coordinator: CheckpointCoordinator | undefined): JobMetrics {
    const over = attempt === undefined || attempt === this.#current
    const totals = over ? this.#before : add(this.#before, totalsOf(attempt))
    const now = this.#clock.now()
    const elapsed = (over ? (this.#endedAt ?? now) : now) - this.#startTime
    const seconds = (now - (this.#lastRead.at || this.#startTime)) / 1000
    const operators = attempt === undefined ? [] : this.#operators(attempt, seconds)
    const rowsPerSecond = seconds <= 0 ? 0 : (totals.rowsIn - this.#lastRead.rows) / seconds
    this.#lastRead = { ...this.#lastRead, at: now, rows: totals.rowsIn }
    const watermark = lowest(operators)
    const last = (over ? undefined : coordinator?.completed.at(-1)) ?? this.#lastCheckpoint
    return {
      ...totals,
      rowsSkipped: this.skipped,
      elapsed,
      rowsPerSecond,
      watermark,
      watermarkLag: watermark === undefined ? undefined : now - watermark,
      slowestSplit: over ? undefined : attempt.slowestSplit(),
      checkpoints: {
        completed: this.#checkpointsBefore + (over ? 0 : (coordinator?.count ?? 0)),
        last:
          last === undefined
            ? undefined
            : {
                id: last.manifest.checkpoint,
                milliseconds: last.milliseconds,
                bytes: last.bytes,
                at: last.manifest.timestamp,
              },
      },
      restarts: this.restarts,
      operators,
    }
  }

  #operators(attempt: JobAttempt, seconds: number): OperatorStatistics[] {
    const counts = attempt.statistics()
    return this.#graph.nodes.flatMap((node, index): OperatorStatistics[] => {
      const count = counts[index]
      if (count === undefined) return []
      const { uid, kind, description } = node
      const share = (known: Map<string, number>, total: number): number => {
        const since = total - (known.get(uid) ?? 0)
        known.set(uid, total)
        return seconds <= 0 ? 0 : Math.min(1, Math.max(0, since / 1000 / seconds))
      }
      const { rowsIn, rowsOut, watermark, stateBytes, stateEntries, lateRows } = count
      return [
        {
          uid,
          kind,
          description,
          target: targetOf(node),
          rowsIn,
          rowsOut,
          bytesIn: count.bytesRead,
          busy: share(this.#lastRead.busy, count.busy),
          backPressured: share(this.#lastRead.waited, count.waited),
          watermark: watermark === MIN_WATERMARK || watermark === MAX_WATERMARK ? undefined : watermark,
          stateBytes,
          stateEntries,
          lateRows,
        },
      ]
    })
  }
}

function targetOf(node: OperatorNode): string | undefined {
  if (node.kind !== 'sink') return undefined
  const { options } = node
  return options['path'] ?? options['topic'] ?? options['table-name'] ?? options['connector']
}

function totalsOf(attempt: JobAttempt): Totals {
  return attempt.statistics().reduce<Totals>(
    (sum, { rowsRead, rowsWritten, bytesRead }) => ({
      rowsIn: sum.rowsIn + rowsRead,
      rowsOut: sum.rowsOut + rowsWritten,
      bytesIn: sum.bytesIn + bytesRead,
    }),
    { rowsIn: 0, rowsOut: 0, bytesIn: 0 },
  )
}

function add(a: Totals, b: Totals): Totals {
  return { rowsIn: a.rowsIn + b.rowsIn, rowsOut: a.rowsOut + b.rowsOut, bytesIn: a.bytesIn + b.bytesIn }
}

function lowest(operators: readonly OperatorStatistics[]): number | undefined {
  const known = operators.map((operator) => operator.watermark).filter((watermark) => watermark !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}
