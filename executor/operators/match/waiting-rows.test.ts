import { describe, expect, it } from 'vitest'
import { sortByTime, WaitingRows } from './waiting-rows.ts'

describe('waiting rows', () => {
  it('come in the order of their time, those of the same time in that of their arrival', () => {
    let state = 7
    const below = (limit: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) | 0
      return (state >>> 8) % limit
    }
    const times = new Float64Array(20_000)
    const waiting = new WaitingRows(() => times)
    const reference: number[] = []
    let row = 0
    for (let step = 0; step < 200; step++) {
      const count = below(100)
      const rows = Int32Array.from({ length: count }, () => row++)
      for (const added of rows) times[added] = step * 10 + below(step % 3 === 0 ? 2000 : 5)
      waiting.add(rows, count)
      reference.push(...rows)
      if (below(3) === 0) continue
      const until = step * 10
      const timeOf = (at: number): number => times[at] as number
      const due = reference.filter((at) => timeOf(at) <= until).sort((a, b) => timeOf(a) - timeOf(b) || a - b)
      expect([...waiting.take(until)]).toEqual(due)
      reference.splice(0, reference.length, ...reference.filter((at) => timeOf(at) > until))
    }
  })

  it('sorts any order', () => {
    const times = Float64Array.from([5, 4, 3, 3, 9, 1, 1, 7])
    expect([...sortByTime(Int32Array.from([0, 1, 2, 3, 4, 5, 6, 7]), times)]).toEqual([5, 6, 2, 3, 1, 0, 7, 4])
    expect([...sortByTime(new Int32Array(0), times)]).toEqual([])
  })
})
