/** What suites of queries do not reach: the state of operators below sinks. The rest is in `sql-tests/slt/rescaled.test.ts`. */
import { expect, it } from 'vitest'
import { INSERT_ONLY } from '../../catalog/connector.ts'
import { createBatch } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import { BIGINT, type Schema } from '../../core/types.ts'
import type { OperatorGraph } from '../../planner/physical/graph.ts'
import { planDeployment } from '../../planner/physical/exchange.ts'
import type { PageWrite, RestoredState } from '../../state/state-store.ts'
import { SYSTEM_CLOCK } from '../../core/clock.ts'
import { createWatermarkCompactingMaterialize } from '../operators/watermark-compacting-materialize.ts'
import type { NodeOf } from '../operators/operator-harness.ts'
import type { Operator } from '../operators/operator.ts'
import { rescale } from './rescale.ts'
import { subtaskUid } from './subtask-state.ts'

const SCHEMA: Schema = {
  fields: [
    { name: 'k', type: BIGINT },
    { name: 'v', type: BIGINT },
  ],
}

const node: NodeOf<'sink-materialize'> = {
  kind: 'sink-materialize',
  id: 1,
  uid: 'm',
  inputs: [0],
  description: 'SinkUpsertMaterialize',
  schema: SCHEMA,
  changelog: INSERT_ONLY,
  upsertKey: [],
  keys: [0],
  stateTtl: 0,
  conflict: 'NOTHING',
}

const source: NodeOf<'values'> = {
  kind: 'values',
  id: 0,
  uid: 's',
  inputs: [],
  description: 'Values',
  schema: SCHEMA,
  changelog: INSERT_ONLY,
  rows: [],
}

const graph: OperatorGraph = { version: 1, nodes: [source, node], fingerprint: 'f' }

function column(values: readonly bigint[]): Column {
  return { kind: 'i64', values: BigInt64Array.from(values), nulls: null }
}

function operator(rows: string[]): Operator {
  return createWatermarkCompactingMaterialize(node, undefined, {
    output: {
      batch: (batch) => {
        const [k, v] = batch.columns
        for (let row = 0; row < batch.rows; row++) {
          if (k?.kind === 'i64' && v?.kind === 'i64') rows.push(`${k.values[row] ?? ''} ${v.values[row] ?? ''}`)
        }
      },
      watermark: () => undefined,
    },
    clock: SYSTEM_CLOCK,
    timeZone: 'UTC',
  })
}

async function moved(pages: readonly PageWrite[], from: number, to: number): Promise<readonly PageWrite[]> {
  const restored: RestoredState = {
    origin: 'test',
    manifest: {
      version: 1,
      jobName: 'test',
      checkpoint: 1,
      timestamp: 0,
      fingerprint: graph.fingerprint,
      parallelism: from,
      maxParallelism: 128,
      positions: {},
      handles: {},
      operators: {},
      finished: false,
    },
    pages: async (uid) => pages.filter((page) => page.uid === uid),
  }
  const none = (): boolean => false
  const deployment = to === 1 ? undefined : planDeployment(graph, to, 128, none, true)
  return (await rescale(graph, restored, deployment, none, async () => undefined)).pages
}

it('rows that wait below a sink move with their keys, in their order', async () => {
  const keys = Array.from({ length: 50 }, (_, n) => BigInt(n))
  const first = operator([])
  // Two rows for each key, the first of which is to be kept.
  for (const value of [1n, 2n])
    first.onBatch(createBatch(SCHEMA, [column(keys), column(keys.map(() => value))], keys.length), 0)
  let pages: readonly PageWrite[] = (first.snapshot?.() ?? []).map((page) => ({ uid: 'm', ...page }))
  let from = 1
  for (const to of [2, 3, 1]) {
    pages = await moved(pages, from, to)
    expect(new Set(pages.map(({ uid }) => uid)).size).toBe(to)
    from = to
  }
  const rows: string[] = []
  const last = operator(rows)
  last.restore?.(pages.filter(({ uid }) => uid === subtaskUid('m', 0)))
  last.onWatermark(1)
  expect(rows.sort()).toEqual(keys.map((key) => `${key} 1`).sort())
})
