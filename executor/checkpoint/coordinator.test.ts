import { expect, it } from 'vitest'
import { MillraceError } from '../../core/errors.ts'
import { MemoryStore } from '../../state/memory-store.ts'
import type { JobAttempt } from '../runtime/job-attempt.ts'
import { CheckpointCoordinator } from './coordinator.ts'

class FullStore extends MemoryStore {
  override async write(): Promise<never> {
    throw new MillraceError('STORAGE_FULL', 'the disk is full')
  }
}

/** An attempt without operators. */
function idleAttempt(failures: unknown[]): JobAttempt {
  return {
    failure: new Promise(() => undefined),
    stopped: false,
    ended: false,
    open: async () => undefined,
    run: async () => undefined,
    gather: async () => ({ pages: [], files: [], positions: {} }),
    prepare: async () => ({}),
    resume: () => undefined,
    commit: async () => undefined,
    complete: async () => undefined,
    fail: (error) => {
      failures.push(error)
    },
    stop: () => undefined,
    close: async () => undefined,
    statistics: () => [],
    slowestSplit: () => undefined,
  }
}

it('a checkpoint that cannot be written ends the attempt: what had changed would be in no later one', async () => {
  const failures: unknown[] = []
  const coordinator = new CheckpointCoordinator({
    graph: { version: 1, nodes: [], fingerprint: '' },
    jobName: 'job',
    store: new FullStore(),
    attempt: idleAttempt(failures),
    last: 0,
    startedFrom: undefined,
    now: () => 0,
    onPhase: undefined,
  })
  await expect(coordinator.trigger()).rejects.toMatchObject({ code: 'STORAGE_FULL' })
  expect(failures).toEqual([expect.objectContaining({ code: 'STORAGE_FULL' })])
})
