import type * as fs from 'node:fs'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { RocksStore } from './rocks-store.ts'
import { STATE_FORMAT_VERSION } from './state-store.ts'

const disk = vi.hoisted(() => ({ renamesUntilKilled: Number.POSITIVE_INFINITY }))

vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>()
  const renameSync: typeof real.renameSync = (from, to) => {
    if (disk.renamesUntilKilled-- <= 0) throw new Error('killed')
    real.renameSync(from, to)
  }
  return { ...real, renameSync }
})

let directory = ''

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-removal-'))
})

afterEach(() => {
  disk.renamesUntilKilled = Number.POSITIVE_INFINITY
  rmSync(directory, { recursive: true, force: true })
})

/** What a job goes on from whose process is killed after so many steps of forgetting its checkpoints 1 to 3. */
async function checkpointAfterKill(steps: number): Promise<number | undefined> {
  const at = join(directory, `${steps}`)
  const first = new RocksStore({ directory: at, retained: 3, log: () => undefined })
  await first.restore()
  for (const checkpoint of [1, 2, 3]) {
    const positions = { source: { offset: checkpoint } }
    const job = { version: STATE_FORMAT_VERSION, jobName: 'job', fingerprint: 'f', operators: {}, handles: {} }
    await first.write([], { ...job, checkpoint, timestamp: checkpoint, positions, finished: true })
  }
  disk.renamesUntilKilled = steps
  await first.clear().catch(() => undefined)
  disk.renamesUntilKilled = Number.POSITIVE_INFINITY
  await first.close()
  const second = new RocksStore({ directory: at, retained: 3, log: () => undefined })
  const restored = await second.restore()
  await second.close()
  return restored?.manifest.checkpoint
}

it('a job whose state was being forgotten goes on from its newest checkpoint or from none', async () => {
  const found: (number | undefined)[] = []
  for (let steps = 0; steps <= 5; steps++) found.push(await checkpointAfterKill(steps))
  expect(found).toEqual([3, 3, 3, undefined, undefined, undefined])
})
