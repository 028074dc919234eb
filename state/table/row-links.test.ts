import { describe, expect, it } from 'vitest'
import { RowLinks } from './row-links.ts'

function listOf(links: RowLinks, group: number): number[] {
  const rows: number[] = []
  for (let row = links.first(group); row >= 0; row = links.next(row)) rows.push(row)
  return rows
}

function backwards(links: RowLinks, group: number): number[] {
  const rows: number[] = []
  for (let row = links.last(group); row >= 0; row = links.previous(row)) rows.unshift(row)
  return rows
}

describe('linked rows', () => {
  it('are in the order in which they were added, whichever are taken out', () => {
    const links = new RowLinks()
    const expected: number[][] = [[], [], []]
    let random = 1
    const any = (count: number): number => {
      random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0
      return (random >>> 8) % count
    }
    const free = Array.from({ length: 40 }, (_, row) => row)
    for (let step = 0; step < 3000; step++) {
      const group = any(3)
      const list = expected[group] ?? []
      if (free.length > 0 && any(2) === 0) {
        const [row = -1] = free.splice(any(free.length), 1)
        expect(links.isLinked(row)).toBe(false)
        links.append(group, row)
        list.push(row)
      } else if (list.length > 0) {
        const [row = -1] = list.splice(any(list.length), 1)
        expect(links.isLinked(row)).toBe(true)
        links.remove(group, row)
        free.push(row)
      }
      for (const [other, rows] of expected.entries()) {
        expect(listOf(links, other)).toEqual(rows)
        expect(backwards(links, other)).toEqual(rows)
        expect(links.count(other)).toBe(rows.length)
      }
    }
  })

  it('of several groups come one group after the other, and whole groups only', () => {
    const links = new RowLinks()
    for (const [row, group] of [5, 2, 5, 100, 5].entries()) links.append(group, row)
    const found = links.rowsOf(Int32Array.of(5, -1, 7, 2, 5, 100), 0, 6, 4)
    expect([...found.positions.subarray(0, found.count)]).toEqual([0, 0, 0, 3])
    expect([...found.rows.subarray(0, found.count)]).toEqual([0, 2, 4, 1])
    expect(found.end).toBe(4)
    const rest = links.rowsOf(Int32Array.of(5, -1, 7, 2, 5, 100), 4, 6, 1)
    expect([...rest.rows.subarray(0, rest.count)]).toEqual([0, 2, 4])
    expect(rest.end).toBe(5)
  })
})
