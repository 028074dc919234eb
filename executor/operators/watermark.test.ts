import { describe, expect, it } from 'vitest'
import { ALL_CHANGES } from '../../catalog/connector.ts'
import { type Schema, STRING, timestamp } from '../../core/types.ts'
import { type NodeOf, OperatorHarness } from './operator-harness.ts'

const INPUT: Schema = {
  fields: [
    { name: 'ts', type: timestamp(3) },
    { name: 'k', type: STRING },
  ],
}

function emitted(afterEveryRow: boolean, rows: string): readonly string[] {
  const node: NodeOf<'watermark'> = {
    kind: 'watermark',
    id: 1,
    uid: 'w',
    inputs: [0],
    description: '',
    changelog: ALL_CHANGES,
    schema: INPUT,
    strategy: {
      expression: { kind: 'input', index: 0, type: timestamp(3) },
      rowtime: 0,
      emit: 'on-event',
      idleTimeout: 0,
      ...(afterEveryRow ? { afterEveryRow } : {}),
    },
  }
  const harness = new OperatorHarness({ node, input: INPUT })
  harness.step({ rows })
  return harness.emitted
}

describe('watermark with on-event', () => {
  it('comes before rows that it makes late, and at the end of the batch', () => {
    expect(emitted(false, '1 a\n5 b\n3 c\n9 d')).toEqual([
      '+I 1 a',
      '+I 5 b',
      'watermark 5',
      '+I 3 c',
      '+I 9 d',
      'watermark 9',
    ])
  })

  it('comes after every row that moves it where rows may be taken back above', () => {
    expect(emitted(true, '1 a\n5 b\n3 c\n9 d')).toEqual([
      '+I 1 a',
      'watermark 1',
      '+I 5 b',
      'watermark 5',
      '+I 3 c',
      '+I 9 d',
      'watermark 9',
    ])
  })
})
