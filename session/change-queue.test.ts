import { expect, test } from 'vitest'
import { createBatch } from '../core/change-batch.ts'
import { ChangeQueue } from './change-queue.ts'

const BATCH = createBatch({ fields: [] }, [], 1)

test('everyone who waits for room goes on, however many batches one step hands over', async () => {
  const queue = new ChangeQueue()
  const waiting = Array.from({ length: 40 }, () => queue.push(BATCH)).filter((promise) => promise !== undefined)
  expect(waiting.length).toBeGreaterThan(1)
  for (let read = 0; read < 40; read++) expect(await queue.next()).toBe(BATCH)
  await Promise.all(waiting)
  queue.end()
  expect(await queue.next()).toBeUndefined()
})

test('the end of the job lets go of who waits', async () => {
  const queue = new ChangeQueue()
  const waiting = Array.from({ length: 20 }, () => queue.push(BATCH)).filter((promise) => promise !== undefined)
  queue.end()
  await Promise.all(waiting)
})
