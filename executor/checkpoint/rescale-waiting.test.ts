import { describe, expect, it } from 'vitest'
import { ALL_CHANGES } from '../../catalog/connector.ts'
import { formatBatch, parseBatch } from '../../core/batch-text.ts'
import { BIGINT, type Schema, STRING } from '../../core/types.ts'
import type { OperatorGraph, OperatorNode } from '../../planner/physical/graph.ts'
import type { StatePage } from '../operators/operator.ts'
import { WaitingRows } from '../runtime/partitions/waiting-rows.ts'
import { divideWaiting, type WaitingPlacement } from './rescale-waiting.ts'
import { readOrder } from './gathered-pages.ts'

const SCHEMA: Schema = {
  fields: [
    { name: 'k', type: STRING },
    { name: 'v', type: BIGINT },
  ],
}
const INPUTS = [{ schema: SCHEMA, keys: [0] }]
const PARTITIONS = 4

const node: OperatorNode = {
  kind: 'changelog-normalize',
  id: 1,
  uid: 'n',
  inputs: [0],
  description: 'ChangelogNormalize',
  schema: SCHEMA,
  changelog: ALL_CHANGES,
  keys: [0],
  emitUpdateBefore: true,
  stateTtl: 0,
}

const graph: OperatorGraph = {
  version: 1,
  fingerprint: '',
  nodes: [
    { kind: 'values', id: 0, uid: 's', inputs: [], schema: SCHEMA, changelog: ALL_CHANGES, description: '', rows: [] },
    node,
  ],
}

class Recorder {
  readonly lines: string[] = []

  onBatch(batch: Parameters<typeof formatBatch>[0]): void {
    this.lines.push(...formatBatch(batch).split('\n'))
  }

  onWatermark(time: number): void {
    this.lines.push(`watermark ${time}`)
  }
}

/** A row for each of the keys. */
function rows(name: string, value: number): ReturnType<typeof parseBatch> {
  return parseBatch(SCHEMA, Array.from({ length: 20 }, (_, n) => `+I ${name}${n} ${value}`).join('\n'))
}

/** With rows of `value` before the watermark of that value, and of 100 behind the last one. */
function filled(name: string, watermarks: readonly number[]): WaitingRows {
  const waiting = new WaitingRows(INPUTS, PARTITIONS, undefined)
  for (const value of watermarks) {
    waiting.add(rows(name, value), 0)
    waiting.addWatermark(value)
  }
  waiting.add(rows(name, 100), 0)
  return waiting
}

function placement(targets: number): WaitingPlacement {
  return { targets, parallelism: targets, maxParallelism: 128, division: undefined }
}

/** What a new subtask is told. */
function replayed(pages: readonly StatePage[]): readonly string[] {
  const recorder = new Recorder()
  const order = readOrder(pages, [SCHEMA])
  if (order === undefined) return []
  const waiting = new WaitingRows(INPUTS, 1, undefined)
  waiting.restore(order, pages)
  while (waiting.isHandingOut) waiting.handOutNext(recorder)
  return recorder.lines
}

function rowsOf(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => !line.startsWith('watermark'))
}

describe('rows that wait', () => {
  it.each([1, 2, 3])(
    'go to %d subtasks by their keys, and none is behind a watermark that it was before',
    (targets) => {
      const old = [filled('a', [5, 7, 9]), filled('b', [5])].map((waiting) => waiting.snapshot())
      const told = divideWaiting(node, graph, old, placement(targets)).map(replayed)
      expect(told.length).toBe(targets)
      const expected = ['a', 'b'].flatMap((name) =>
        Array.from({ length: 20 }, (_, n) =>
          (name === 'a' ? [5, 7, 9, 100] : [5, 100]).map((v) => `+I ${name}${n} ${v}`),
        ),
      )
      for (const ofKey of expected) {
        const key = ofKey[0]?.split(' ')[1] ?? ''
        const of = told.filter((lines) => lines.some((line) => line.includes(` ${key} `)))
        expect(of.length).toBe(1)
        expect(of[0]?.filter((line) => line.includes(` ${key} `))).toEqual(ofKey)
      }
      for (const lines of told) {
        expect(rowsOf(lines).length).toBeGreaterThan(0)
        // The second one has not got further.
        expect(lines.filter((line) => line.startsWith('watermark'))).toEqual(['watermark 5'])
        const late = lines.slice(lines.indexOf('watermark 5')).filter((line) => line.endsWith(' 5'))
        expect(late).toEqual(['watermark 5'])
      }
    },
  )

  it('are handed out once: the partitions that have had theirs get no more', () => {
    const waiting = filled('a', [5])
    const before = new Recorder()
    waiting.begin()
    waiting.handOutNext(before)
    waiting.handOutNext(before)
    waiting.add(rows('a', 200), 0)
    const told = divideWaiting(node, graph, [waiting.snapshot()], placement(2)).map(replayed)
    const all = [...rowsOf(before.lines), ...told.flatMap(rowsOf)]
    expect(all.length).toBe(60)
    expect(new Set(all).size).toBe(60)
    expect(rowsOf(before.lines).length).toBeGreaterThan(0)
    for (const lines of told) {
      // As the partitions that have had theirs: rows that came later are behind the watermark.
      const later = lines.slice(0, lines.indexOf('watermark 5')).filter((line) => line.endsWith(' 200'))
      expect(later).toEqual([])
    }
  })

  it('are refused where the inputs have other columns, or a run is not whole', () => {
    const pages = filled('a', [5]).snapshot()
    expect(() => readOrder(pages, [{ fields: SCHEMA.fields.slice(0, 1) }])).toThrow('of other inputs')
    const cut = pages.map((page) =>
      page.bytes instanceof Uint8Array && page.bytes.length > 500
        ? { ...page, bytes: page.bytes.subarray(0, 500) }
        : page,
    )
    expect(() => divideWaiting(node, graph, [cut], placement(1))).toThrow('are not all there')
    const missing = pages.filter((page) => !(page.bytes instanceof Uint8Array && page.bytes.length > 500))
    expect(() => divideWaiting(node, graph, [missing], placement(1))).toThrow('are missing')
  })
})
