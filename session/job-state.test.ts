import type * as fs from 'node:fs/promises'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Session } from './session.ts'

const disk = vi.hoisted(() => ({ isStuck: false }))

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof fs>()
  const rm: typeof real.rm = async (path, options) => {
    if (disk.isStuck) throw new Error('EBUSY')
    await real.rm(path, options)
  }
  return { ...real, rm }
})

let directory = ''

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-job-state-'))
})

afterEach(() => {
  rmSync(directory, { recursive: true, force: true })
})

/** @returns what a person is told while a script ends whose jobs have left state */
async function endScript(): Promise<readonly string[]> {
  const notices: string[] = []
  mkdirSync(join(directory, 'jobs', 'a.sql', 'job', 'chk-1'), { recursive: true })
  const session = new Session({
    dataDirectory: directory,
    jobPrefix: 'a.sql',
    onNotice: (text) => notices.push(text),
  })
  session.endScript()
  await session.close()
  return notices
}

it('what a script leaves that cannot be removed is told, and goes with the next one', async () => {
  disk.isStuck = true
  expect(await endScript()).toEqual([`old state in "${join(directory, 'jobs')}" could not be removed: Error: EBUSY`])
  expect(readdirSync(join(directory, 'jobs'))).toEqual([expect.stringMatching(/^\.removed-/)])
  disk.isStuck = false
  expect(await endScript()).toEqual([])
  expect(readdirSync(join(directory, 'jobs'))).toEqual([])
})
