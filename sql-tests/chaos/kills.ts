/** Runs a script to its end through kills. */
import { type ChildProcess, spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { integer, oneOf, type Random } from '../random.ts'
import type { ChaosTarget } from './target.ts'

const ROOT = join(import.meta.dirname, '..', '..')
/** What a kill hits: any moment, a step of a checkpoint (between prepare and commit above all), a recovery. */
const MOMENTS = ['time', 'checkpoint', 'recovery'] as const
const PHASES = {
  checkpoint: ['snapshot', 'prepared', 'prepared', 'durable', 'durable', 'committed'],
  recovery: ['restoring', 'restored'],
} as const

export interface KillPlan {
  /** Kills to carry out; fewer are reported when the script ends before. */
  readonly kills: number
  /** Of the undisturbed run in milliseconds: kills come early enough that work is left for the next. */
  readonly duration: number
  /** Is stopped and started again under the last run. */
  readonly server: ChaosTarget['servers'][number] | undefined
}

export interface KillReport {
  readonly kills: readonly string[]
}

export async function runThroughKills(
  script: string,
  dataDirectory: string,
  random: Random,
  { kills: atLeast, duration, server }: KillPlan,
): Promise<KillReport> {
  const kills: string[] = []
  // Each kind at least once in three kills; a recovery needs a checkpoint before it.
  const moments = Array.from({ length: atLeast }, (_, index): Moment => MOMENTS[index % MOMENTS.length] ?? 'time')
  for (const moment of inOrder(random, moments)) {
    if (moment === 'recovery' && !hasCheckpoint(dataDirectory)) {
      const before = await killAtPhase(script, dataDirectory, random, ['durable', 'committed'])
      if (before === undefined) return { kills }
      kills.push(before)
    }
    const kill =
      moment === 'time'
        ? await killAtTime(script, dataDirectory, random, duration)
        : await killAtPhase(script, dataDirectory, random, PHASES[moment])
    if (kill === undefined) return { kills }
    kills.push(kill)
  }
  const end = runToEnd(script, dataDirectory)
  if (server !== undefined) {
    const delay = integer(random, 150, Math.round(Math.max(200, 0.4 * duration)))
    await Promise.race([end, new Promise((resolve) => setTimeout(resolve, delay))])
    await server.restart()
    kills.push(`restart of ${server.name} after ${delay} ms`)
  }
  await end
  return { kills }
}

type Moment = (typeof MOMENTS)[number]

/** At random, but a recovery not first: there is nothing to recover from. */
function inOrder(random: Random, moments: readonly Moment[]): Moment[] {
  const left = [...moments]
  const order = moments.flatMap(() => left.splice(integer(random, 0, left.length - 1), 1))
  const first = order.findIndex((moment) => moment !== 'recovery')
  return [...order.splice(first, 1), ...order]
}

function hasCheckpoint(dataDirectory: string): boolean {
  return globSync(`${dataDirectory}/jobs/**/chk-*/_metadata`).length > 0
}

/** One of the phases that the process reaches; @returns undefined when the script ended first */
async function killAtPhase(
  script: string,
  dataDirectory: string,
  random: Random,
  phases: readonly string[],
): Promise<string | undefined> {
  const phase = oneOf(random, phases)
  const count = phases === PHASES.checkpoint ? integer(random, 1, 2) : 1
  const child = start([join(import.meta.dirname, 'runner.ts'), script, dataDirectory, phase, String(count)])
  const { code, signal, output } = await ended(child)
  if (signal === 'SIGKILL') return `${phase} ${count}`
  if (code !== 0) throw new Error(`the script failed:\n${output}`)
  return undefined
}

async function killAtTime(
  script: string,
  dataDirectory: string,
  random: Random,
  duration: number,
): Promise<string | undefined> {
  const delay = integer(random, 150, Math.round(250 + 0.4 * Math.max(0, duration - 250)))
  const child = start([join(ROOT, 'bin', 'millrace.js'), 'run', script, '--data-dir', dataDirectory])
  const timer = setTimeout(() => child.kill('SIGKILL'), delay)
  const { code, signal, output } = await ended(child)
  clearTimeout(timer)
  if (signal === 'SIGKILL') return `${delay} ms`
  if (code !== 0) throw new Error(`the script failed:\n${output}`)
  return undefined
}

export async function runToEnd(script: string, dataDirectory: string): Promise<void> {
  const { code, output } = await ended(
    start([join(ROOT, 'bin', 'millrace.js'), 'run', script, '--data-dir', dataDirectory]),
  )
  if (code !== 0) throw new Error(`the script failed:\n${output}`)
}

function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
}

function ended(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null; output: string }> {
  let output = ''
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-4000)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      resolve({ code, signal, output })
    })
  })
}
