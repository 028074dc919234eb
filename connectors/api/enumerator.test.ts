import { expect, it } from 'vitest'
import { Enumerator, mergePositions, soleEnumerator } from './enumerator.ts'

it('gives every number once, whoever asks, and none beyond the end', () => {
  const shared = soleEnumerator()
  const [first, second] = [new Enumerator(shared, 25), new Enumerator(shared, 25)]
  expect(first.take(10)).toEqual({ first: 0, count: 10 })
  expect(second.take(4)).toEqual({ first: 10, count: 4 })
  expect(second.take(4)).toEqual({ first: 14, count: 4 })
  expect(first.take(10)).toEqual({ first: 18, count: 7 })
  expect([first.hasEnded, second.hasEnded]).toEqual([true, true])
  expect(second.take(10).count).toBe(0)
  expect([first.next, first.left]).toEqual([25, 0])
})

it('goes on behind the position of all', () => {
  const shared = soleEnumerator()
  const taking = [new Enumerator(shared, Infinity), new Enumerator(shared, Infinity)]
  for (const one of taking) one.take(1000)
  const positions = taking.map((one) => one.position())
  const again = soleEnumerator()
  for (let subtask = 0; subtask < 3; subtask++) new Enumerator(again, Infinity).restore(mergePositions(positions))
  expect(new Enumerator(again, Infinity).take(5)).toEqual({ first: 2000, count: 5 })
})

it('refuses a position of something else', () => {
  const one = new Enumerator(soleEnumerator(), 10)
  for (const position of [5, null, { lanes: [[1, 2]] }, 'x'])
    expect(() => one.restore(position)).toThrow('is no position of a generator')
})
