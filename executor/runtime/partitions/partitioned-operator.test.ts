import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { ALL_CHANGES } from '../../../catalog/connector.ts'
import { formatBatch, parseBatch } from '../../../core/batch-text.ts'
import { BIGINT, type Schema, STRING } from '../../../core/types.ts'
import type { OperatorGraph } from '../../../planner/physical/graph.ts'
import type { MemoryBeyond } from '../../../state/table/memory.ts'
import { isOfWaiting } from '../../checkpoint/gathered-pages.ts'
import { isOfPartitions, pagesOfPartitions } from '../../checkpoint/partition-pages.ts'
import { dividePages } from '../../checkpoint/rescale.ts'
import { divideWaiting } from '../../checkpoint/rescale-waiting.ts'
import { createOperator } from '../../operators/index.ts'
import { materialize, type NodeOf } from '../../operators/operator-harness.ts'
import type { Operator, Output, StatePage } from '../../operators/operator.ts'
import { KeyGroups } from '../exchange/partitioner.ts'
import { PartitionedOperator } from './partitioned-operator.ts'
import { shortMemory } from './short-memory.ts'
import { createPartitioned, graphInputs } from './spilling.ts'

const SCHEMA: Schema = {
  fields: [
    { name: 'k', type: STRING },
    { name: 'v', type: BIGINT },
  ],
}

const node: NodeOf<'group-aggregate'> = {
  kind: 'group-aggregate',
  id: 1,
  uid: 'a',
  inputs: [0],
  description: 'GroupAggregate',
  schema: {
    fields: [
      { name: 'k', type: STRING },
      { name: 'n', type: BIGINT },
      { name: 'least', type: BIGINT },
    ],
  },
  changelog: ALL_CHANGES,
  upsertKey: [0],
  keys: [0],
  aggregates: [
    { function: 'COUNT', args: [], distinct: false, argumentTypes: [], type: BIGINT, name: 'n' },
    { function: 'MIN', args: [1], distinct: false, argumentTypes: [BIGINT], type: BIGINT, name: 'least' },
  ],
  inputRetracts: true,
  emitUpdateBefore: true,
  stateTtl: 0,
}

const graph: OperatorGraph = {
  version: 1,
  fingerprint: '',
  nodes: [
    {
      kind: 'values',
      id: 0,
      uid: 's',
      inputs: [],
      schema: SCHEMA,
      changelog: ALL_CHANGES,
      description: '',
      rows: [],
    },
    node,
  ],
}

class Recorder implements Output {
  readonly lines: string[] = []

  batch(batch: Parameters<Output['batch']>[0]): void {
    this.lines.push(...formatBatch(batch).split('\n'))
  }

  watermark(time: number): void {
    this.lines.push(`watermark ${time}`)
  }
}

function aggregate(output: Output, limit: MemoryBeyond | undefined): PartitionedOperator {
  const create = (own: Output): Operator =>
    createOperator(node, graph, { output: own, clock: { now: () => 0 }, timeZone: 'UTC' })
  const operator = createPartitioned(node, graphInputs(node, graph), limit, output, create)
  if (operator === undefined) throw new Error('a GROUP BY can be divided')
  return operator
}

function rows(from: number, to: number): ReturnType<typeof parseBatch> {
  const lines = Array.from({ length: to - from }, (_, n) => `+I key${(from + n) % 97} ${from + n}`)
  return parseBatch(SCHEMA, lines.join('\n'))
}

/** What is in a checkpoint after some more pages. */
function store(into: Map<string, StatePage>, pages: readonly StatePage[]): void {
  for (const page of pages) {
    const key = `${page.table}#${page.page}`
    if (page.bytes === null) into.delete(key)
    else into.set(key, page)
  }
}

function snapshot(operator: Operator, into: Map<string, StatePage>): void {
  operator.prepareSnapshot?.()
  store(into, operator.snapshot?.() ?? [])
}

/** The changes of each key, in their order. */
function byKey(lines: readonly string[]): Map<string, string[]> {
  const keys = new Map<string, string[]>()
  for (const line of lines) {
    const [, key = ''] = line.split(' ')
    keys.set(key, [...(keys.get(key) ?? []), line])
  }
  return keys
}

function straight(to: number): readonly string[] {
  const output = new Recorder()
  aggregate(output, undefined).onBatch(rows(0, to), 0)
  return output.lines
}

describe('an operator that is divided', () => {
  it('gives each key the changes that it would have, divided while it runs and once more', () => {
    const output = new Recorder()
    const operator = aggregate(output, shortMemory())
    operator.onBatch(rows(0, 500), 0)
    operator.divide(4)
    for (let from = 500; from < 2000; from += 100) operator.onBatch(rows(from, from + 100), 0)
    operator.divide(16)
    operator.onBatch(rows(2000, 3000), 0)
    operator.end()
    expect(operator.partitions).toBe(16)
    expect(byKey(output.lines)).toEqual(byKey(straight(3000)))
    expect(operator.metrics().stateEntries).toBeGreaterThanOrEqual(97)
  })

  it('goes on from its checkpoints as it was, and leaves no page of before', async () => {
    const pages = new Map<string, StatePage>()
    const output = new Recorder()
    const first = aggregate(output, shortMemory())
    first.onBatch(rows(0, 500), 0)
    snapshot(first, pages)
    expect(isOfPartitions([...pages.values()])).toBe(false)
    first.divide(4)
    first.onBatch(rows(500, 900), 0)
    snapshot(first, pages)
    expect([...pages.values()].every((page) => isOfPartitions([page]))).toBe(true)
    first.onBatch(rows(900, 1000), 0)
    first.divide(8)
    snapshot(first, pages)
    // Only what has changed: the row waits, and the partition that it is for has not had it.
    first.onBatch(rows(1000, 1001), 0)
    first.prepareSnapshot()
    const waiting = first.snapshot()
    expect(waiting.every(isOfWaiting)).toBe(true)
    store(pages, waiting)
    first.onProcessingTime(1)
    await setTimeout(150)
    first.onProcessingTime(2)
    first.prepareSnapshot()
    const changed = first.snapshot()
    expect(
      new Set(changed.filter((page) => !isOfWaiting(page)).map((page) => page.table.split('\u0003')[1])).size,
    ).toBe(1)
    expect(changed.filter(isOfWaiting).every(({ bytes }) => bytes === null)).toBe(true)
    store(pages, changed)
    for (const limit of [shortMemory(), undefined]) {
      const later = new Recorder()
      const second = aggregate(later, limit)
      second.restore([...pages.values()])
      expect(second.partitions).toBe(8)
      second.onBatch(rows(1001, 2000), 0)
      second.end()
      expect(byKey([...output.lines, ...later.lines])).toEqual(byKey(straight(2000)))
    }
  })

  it('is whole again for another number of workers', () => {
    const pages = new Map<string, StatePage>()
    const output = new Recorder()
    const first = aggregate(output, shortMemory())
    first.divide(4)
    first.onBatch(rows(0, 1000), 0)
    snapshot(first, pages)
    expect([...pages.values()].some(isOfWaiting)).toBe(true)
    const own = [...pages.values()].filter((page) => !isOfWaiting(page))
    const placement = { targets: 3, groups: new KeyGroups([], 3, 128), division: undefined }
    const states = [...dividePages(node, pagesOfPartitions(own), placement)]
    const waiting = divideWaiting(node, graph, [[...pages.values()]], {
      targets: 3,
      parallelism: 3,
      maxParallelism: 128,
      division: undefined,
    })
    const workers = states.map((state, n) => {
      const worker = aggregate(output, undefined)
      worker.restore([...state, ...(waiting[n] ?? [])])
      return worker
    })
    for (const worker of workers) {
      worker.prepareSnapshot()
      // What has waited is gone.
      expect(worker.snapshot().filter((page) => isOfWaiting(page) && page.bytes !== null)).toEqual([])
    }
    const lines = [...output.lines]
    first.end()
    expect(workers.map(({ partitions }) => partitions)).toEqual([1, 1, 1])
    expect(workers.reduce((sum, worker) => sum + worker.metrics().stateEntries, 0)).toBe(first.metrics().stateEntries)
    expect(workers.every((worker) => worker.metrics().stateEntries > 0)).toBe(true)
    expect(materialize(lines)).toEqual(materialize(straight(1000)))
  })
})

/** Says what it is given, and passes watermarks on. */
class Teller implements Operator {
  readonly #output: Output
  readonly #told: string[]

  constructor(output: Output, told: string[]) {
    this.#output = output
    this.#told = told
  }

  onBatch(batch: Parameters<Operator['onBatch']>[0], input: number): void {
    for (const line of formatBatch(batch).split('\n')) this.#told.push(`${input} ${line}`)
  }

  onWatermark(time: number): void {
    this.#told.push(`watermark ${time}`)
    this.#output.watermark(time)
  }

  metrics(): { stateBytes: number; stateEntries: number; lateRows: number } {
    return { stateBytes: 1, stateEntries: 0, lateRows: 0 }
  }
}

describe('gathered rows', () => {
  /** Watermarks above a line: each batch has one behind it. */
  function marksBefore(lines: readonly string[], line: number): number {
    return lines.slice(0, line).filter((other) => other.startsWith('w')).length
  }

  /** What each partition is told. */
  function divided(): ReturnType<typeof tellers> {
    const { operator, told, output } = tellers(shortMemory())
    operator.divide(4)
    return { operator, told: told.slice(1), output }
  }

  function tellers(limit: MemoryBeyond | undefined): {
    operator: PartitionedOperator
    told: string[][]
    output: Recorder
  } {
    const told: string[][] = []
    const output = new Recorder()
    const operator = new PartitionedOperator({
      node,
      inputs: [
        { schema: SCHEMA, keys: [0] },
        { schema: SCHEMA, keys: [0] },
      ],
      output,
      memory: limit,
      mustBeEmpty: false,
      create: (own) => {
        const lines: string[] = []
        told.push(lines)
        return new Teller(own, lines)
      },
    })
    return { operator, told, output }
  }

  it('come with the watermarks where they were between them, and a watermark goes on behind all of them', () => {
    const { operator, told, output } = divided()
    operator.onBatch(parseBatch(SCHEMA, '+I a 1\n+I b 2\n-D a 1'), 0)
    operator.onBatch(parseBatch(SCHEMA, '+I a 3'), 1)
    operator.onWatermark(5)
    operator.onWatermark(7)
    operator.onBatch(parseBatch(SCHEMA, '+I a 8\n+I b 9'), 0)
    operator.onWatermark(9)
    operator.onBatch(parseBatch(SCHEMA, '+I a 10'), 0)
    expect(told.flat()).toEqual([])
    expect(output.lines).toEqual([])
    operator.prepareSnapshot()
    expect(told.flat()).toEqual([])
    operator.end()
    expect(output.lines).toEqual(['watermark 9'])
    const ofA = told.find((lines) => lines.includes('0 +I a 1')) ?? []
    expect(ofA.filter((line) => !line.includes(' b '))).toEqual([
      '0 +I a 1',
      '0 -D a 1',
      '1 +I a 3',
      'watermark 7',
      '0 +I a 8',
      'watermark 9',
      '0 +I a 10',
    ])
    expect(
      told.every((lines) => lines.filter((line) => line.startsWith('w')).join() === 'watermark 7,watermark 9'),
    ).toBe(true)
  })

  it('wait over a checkpoint, and go on with the partition that is next', () => {
    const { operator, told } = divided()
    const marks = (): Set<number> => new Set(told.map((lines) => marksBefore(lines, lines.length)))
    let fed = 0
    // Until some have had their rows of what is handed out, and others not.
    for (; fed < 100 && marks().size === 1; fed++) {
      operator.onBatch(rows(20 * fed, 20 * fed + 20), fed % 2)
      operator.onWatermark(fed)
    }
    expect(marks().size).toBe(2)
    const before = told.map((lines) => [...lines])
    operator.prepareSnapshot()
    const pages = operator.snapshot()
    expect(pages.length).toBeGreaterThan(2)
    const expected = Array.from({ length: fed }, (_, n) => `watermark ${n}`)
    for (const limit of [shortMemory(), undefined]) {
      const again = tellers(limit)
      again.operator.restore(pages)
      again.operator.end()
      const all = before.map((lines, partition) => [...lines, ...(again.told.slice(1)[partition] ?? [])])
      for (const lines of all) {
        expect(lines.filter((line) => line.startsWith('w'))).toEqual(expected)
        for (const [n, line] of lines.entries())
          if (!line.startsWith('w')) expect(Math.floor(Number(line.split(' ')[3]) / 20)).toBe(marksBefore(lines, n))
      }
      expect(all.flat().filter((line) => !line.startsWith('w')).length).toBe(20 * fed)
    }
  })

  it('do not wait for more than there is room for', () => {
    const { operator, told } = divided()
    // An eighth of 64 KiB.
    for (let batch = 0; batch < 20; batch++) operator.onBatch(rows(100 * batch, 100 * batch + 100), 0)
    const lines = told.flat().length
    expect(lines).toBeGreaterThan(1000)
    expect(lines).toBeLessThan(2000)
    operator.end()
    expect(told.flat().length).toBe(2000)
  })
})
