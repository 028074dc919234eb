/** Window joins of which every subtask has all rows of one side. Suites with savepoints: `broadcast-joins.slt`. */
import { describe, expect, it } from 'vitest'
import { INSERT_ONLY } from '../../catalog/connector.ts'
import { formatBatch, parseBatch } from '../../core/batch-text.ts'
import { type Schema, STRING, timestamp } from '../../core/types.ts'
import type { Deployment } from '../../planner/physical/exchange.ts'
import type { OperatorGraph, OperatorNode } from '../../planner/physical/graph.ts'
import type { Manifest, PageWrite } from '../../state/state-store.ts'
import type { MemoryBeyond } from '../../state/table/memory.ts'
import { createOperator } from '../operators/index.ts'
import type { NodeOf } from '../operators/operator-harness.ts'
import { MAX_WATERMARK, type Operator, type Output } from '../operators/operator.ts'
import type { PartitionedOperator } from '../runtime/partitions/partitioned-operator.ts'
import { createPartitioned, graphInputs } from '../runtime/partitions/spilling.ts'
import { shortMemory } from '../runtime/partitions/short-memory.ts'
import { isOfWaiting } from './gathered-pages.ts'
import { rescale } from './rescale.ts'
import { isOfSubtasks, splitSubtaskUid, subtaskUid } from './subtask-state.ts'

const SIDE: Schema = {
  fields: [
    { name: 'name', type: STRING },
    { name: 'window_end', type: timestamp(3) },
  ],
}

function values(id: number): NodeOf<'values'> {
  const uid = `v${id}`
  return { kind: 'values', id, uid, inputs: [], description: '', schema: SIDE, changelog: INSERT_ONLY, rows: [] }
}

const node: NodeOf<'window-join'> = {
  kind: 'window-join',
  id: 2,
  uid: 'j',
  inputs: [0, 1],
  description: 'WindowJoin',
  changelog: INSERT_ONLY,
  schema: { fields: [...SIDE.fields, ...SIDE.fields] },
  joinType: 'left',
  leftKeys: [],
  rightKeys: [],
  filterNulls: [],
  window: { kind: 'tumble', size: 10, step: 10, offset: 0, time: 'rowtime', timeColumn: 0 },
  left: { start: 1, end: 1, timeType: timestamp(3) },
  right: { start: 1, end: 1, timeType: timestamp(3) },
  where: undefined,
}

const graph: OperatorGraph = { version: 1, nodes: [values(0), values(1), node], fingerprint: 'f' }

const runsParallel = ({ id }: OperatorNode): boolean => id === 0

function deploymentOf(parallelism: number, broadcasts: Deployment['broadcasts']): Deployment | undefined {
  if (parallelism === 1) return undefined
  const subtasks = [parallelism, 1, parallelism]
  return { parallelism, maxParallelism: 128, subtasks, exchanges: [], divisions: {}, broadcasts }
}

const BROADCAST = { j: 1 }

/** Subtasks of the join, and all that they have given out. */
class Subtasks {
  readonly lines: string[]
  readonly all: readonly PartitionedOperator[]

  constructor(count: number, lines: string[] = [], limit?: MemoryBeyond) {
    this.lines = lines
    const output: Output = {
      batch: (batch) => lines.push(...formatBatch(batch).split('\n')),
      watermark: () => undefined,
    }
    const create = (own: Output): Operator =>
      createOperator(node, graph, { output: own, clock: { now: () => 0 }, timeZone: 'UTC' })
    this.all = Array.from({ length: count }, () => {
      const operator = createPartitioned(node, graphInputs(node, graph), limit, output, create)
      if (operator === undefined) throw new Error('a window join can be divided')
      return operator
    })
  }

  left(subtask: number, rows: string): void {
    this.#rows(subtask, rows, 0)
  }

  /** To every subtask, or to one of them. */
  right(rows: string, subtask?: number): void {
    for (const n of this.all.keys()) if (subtask === undefined || subtask === n) this.#rows(n, rows, 1)
  }

  #rows(subtask: number, rows: string, input: number): void {
    const lines = rows.split(', ').map((row) => `+I ${row}`)
    this.all[subtask]?.onBatch(parseBatch(SIDE, lines.join('\n')), input)
  }

  snapshot(): readonly PageWrite[] {
    return this.all.flatMap((operator, subtask) => {
      operator.prepareSnapshot()
      const pages = operator.snapshot().filter(({ bytes }) => bytes !== null)
      return pages.map((page) => ({ uid: subtaskUid('j', subtask), ...page }))
    })
  }

  /** What all subtasks, now another number of them, go on from. */
  async rescaled(
    before: Partial<Manifest>,
    deployment: Deployment | undefined,
    pages = this.snapshot(),
  ): Promise<Subtasks> {
    const manifest = { ...manifestOf(this.all.length), ...before }
    expect(isOfSubtasks(manifest, deployment)).toBe(false)
    const restored = {
      origin: 'test',
      manifest,
      pages: async (uid: string) => pages.filter((page) => page.uid === uid),
    }
    const rescaled = await rescale(graph, restored, deployment, runsParallel, async () => undefined)
    expect(isOfSubtasks(rescaled.manifest, deployment)).toBe(true)
    const next = new Subtasks(deployment?.parallelism ?? 1, this.lines)
    for (const [subtask, operator] of next.all.entries())
      operator.restore(rescaled.pages.filter(({ uid }) => splitSubtaskUid(uid).subtask === subtask))
    return next
  }

  ended(): readonly string[] {
    for (const operator of this.all) operator.onWatermark(MAX_WATERMARK)
    for (const operator of this.all) operator.end()
    return this.lines.map((line) => line.replace('+I ', '')).sort()
  }
}

function manifestOf(parallelism: number): Manifest {
  return {
    version: 1,
    jobName: 'test',
    checkpoint: 1,
    timestamp: 0,
    fingerprint: graph.fingerprint,
    ...(parallelism === 1 ? {} : { parallelism, maxParallelism: 128, divisions: {} }),
    positions: {},
    handles: {},
    operators: {},
    finished: false,
  }
}

/** Of rows of the kept side, each with its window and the row of the other side. */
function joined(...rows: readonly string[]): readonly string[] {
  return rows.map((row) => {
    const [name = '', end = '', partner = 'NULL'] = row.split(' ')
    return `${name} ${end} ${partner} ${partner === 'NULL' ? 'NULL' : end}`
  })
}

describe('a window join that has all rows of one side in every subtask', () => {
  it.each([1, 3])('goes on in %d subtasks, though one of them has forgotten a window', async (parallelism) => {
    const two = new Subtasks(2)
    two.left(0, 'a 10, b 20, c 40')
    two.left(1, 'd 10, e 20, f 20, g 40')
    two.right('x 10, y 20')
    two.all[0]?.onWatermark(15)
    expect(two.lines).toEqual(['+I a 10 x 10'])
    const deployment = deploymentOf(parallelism, BROADCAST)
    const next = await two.rescaled({ broadcasts: BROADCAST }, deployment)
    const last = parallelism - 1
    next.left(last, 'h 20, i 30')
    next.right('z 30')
    const expected = joined('a 10 x', 'b 20 y', 'c 40', 'd 10 x', 'e 20 y', 'f 20 y', 'g 40', 'h 20 y', 'i 30 z')
    expect(next.ended()).toEqual(expected)
  })

  it.each([2, 3])('begins with what one subtask had, in %d', async (parallelism) => {
    const one = new Subtasks(1)
    one.left(0, 'a 10, b 20, c 10, d 40')
    one.right('x 10, y 20')
    const next = await one.rescaled({}, deploymentOf(parallelism, BROADCAST))
    expect(next.all.every((operator) => operator.metrics().stateEntries > 2)).toBe(true)
    for (const subtask of next.all.keys()) next.left(subtask, `new${subtask} 20`)
    const added = Array.from({ length: parallelism }, (_, n) => `new${n} 20 y`)
    expect(next.ended()).toEqual(joined('a 10 x', 'b 20 y', 'c 10 x', 'd 40', ...added))
  })

  it.each([2, 3])('begins with windows that were divided among two, in %d', async (parallelism) => {
    const two = new Subtasks(2)
    two.left(0, 'a 10, b 20')
    two.right('x 10, y 20', 0)
    two.left(1, 'c 30, d 40')
    two.right('z 30', 1)
    const next = await two.rescaled({}, deploymentOf(parallelism, BROADCAST))
    for (const subtask of next.all.keys()) next.left(subtask, `new${subtask} 30`)
    const added = Array.from({ length: parallelism }, (_, n) => `new${n} 30 z`)
    expect(next.ended()).toEqual(joined('a 10 x', 'b 20 y', 'c 30 z', 'd 40', ...added))
  })

  it('ends with windows that are divided', async () => {
    const two = new Subtasks(2)
    two.left(0, 'a 10, b 20, c 30, d 40, e 50')
    two.left(1, 'f 10, g 20, h 30, i 40, j 50')
    two.right('v 10, w 20, x 30, y 40')
    const next = await two.rescaled({ broadcasts: BROADCAST }, deploymentOf(2, {}))
    // Each window in one of them: five rows of that side where there had been ten.
    const entries = next.all.map((operator) => operator.metrics().stateEntries)
    expect(entries[0]).toBeGreaterThan(0)
    expect((entries[0] ?? 0) + (entries[1] ?? 0)).toBe(14)
    const kept = ['a 10 v', 'b 20 w', 'c 30 x', 'd 40 y', 'e 50', 'f 10 v', 'g 20 w', 'h 30 x', 'i 40 y', 'j 50']
    expect(next.ended()).toEqual(joined(...kept))
  })

  it.each([1, 3])('goes on in %d subtasks where rows wait in one of two, or in both', async (parallelism) => {
    for (const waiting of [[0], [1], [0, 1]]) {
      const two = new Subtasks(2, [], shortMemory())
      two.left(0, 'a 10, b 20')
      two.left(1, 'c 10, d 20')
      two.right('x 10')
      for (const subtask of waiting) two.all[subtask]?.divide(4)
      two.left(0, 'e 20, f 30')
      two.left(1, 'g 20, h 30')
      two.right('y 20, z 30')
      const pages = two.snapshot()
      const waits = pages.filter((page) => isOfWaiting(page))
      expect([...new Set(waits.map(({ uid }) => splitSubtaskUid(uid).subtask))]).toEqual(waiting)
      const next = await two.rescaled({ broadcasts: BROADCAST }, deploymentOf(parallelism, BROADCAST), pages)
      next.left(parallelism - 1, 'i 20')
      const kept = ['a 10 x', 'b 20 y', 'c 10 x', 'd 20 y', 'e 20 y', 'f 30 z', 'g 20 y', 'h 30 z', 'i 20 y']
      expect(next.ended()).toEqual(joined(...kept))
    }
  })

  it('ends with windows that are divided, where rows wait', async () => {
    const two = new Subtasks(2, [], shortMemory())
    two.right('x 10')
    for (const operator of two.all) operator.divide(4)
    two.left(0, 'a 10, b 20')
    two.left(1, 'c 10, d 20')
    two.right('y 20')
    const next = await two.rescaled({ broadcasts: BROADCAST }, deploymentOf(2, {}))
    expect(next.ended()).toEqual(joined('a 10 x', 'b 20 y', 'c 10 x', 'd 20 y'))
  })
})
