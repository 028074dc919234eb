/** Servers that tests start as local processes: a free port, a data directory of their own, an end by pid. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { dirname, join } from 'node:path'

/** Git-ignored: downloaded jars, data and logs. */
export const SERVICES_DIRECTORY = join(import.meta.dirname, '..', '..', '.services')

export interface RunningService {
  /** What a client connects to. */
  readonly address: string
  stop(): Promise<void>
  /** A clean stop and a start on the same port with the same data. */
  restart(): Promise<void>
}

/** Why a service cannot be had here: the tests that need it are skipped, or fail in CI. */
export class ServiceUnavailable extends Error {
  override readonly name = 'ServiceUnavailable'
}

export async function freePort(): Promise<number> {
  const server = createServer()
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  const address = server.address()
  await new Promise((closed) => server.close(closed))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** Output goes to a log file; the process ends with this one. */
export function startProcess(
  command: string,
  args: readonly string[],
  log: string,
  environment: NodeJS.ProcessEnv = {},
): ChildProcess {
  mkdirSync(dirname(log), { recursive: true })
  const descriptor = openSync(log, 'a')
  const child = spawn(command, args, {
    stdio: ['ignore', descriptor, descriptor],
    env: { ...process.env, ...environment },
  })
  closeSync(descriptor)
  process.once('exit', () => child.kill('SIGKILL'))
  return child
}

export async function stopProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill(signal)
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000)
  await ended
  clearTimeout(timer)
}

/** Waits until `isReady` answers true; fails when the process ends before, with the end of its log. */
export async function untilReady(child: ChildProcess, log: string, isReady: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 90_000
  while (!(await isReady())) {
    if (child.exitCode !== null || Date.now() > deadline) {
      throw new Error(`the server did not start; its log ends with:\n${readFileSync(log, 'utf8').slice(-2000)}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

export function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const answer = (value: boolean): void => {
      socket.destroy()
      resolve(value)
    }
    socket.once('connect', () => {
      answer(true)
    })
    socket.once('error', () => {
      answer(false)
    })
  })
}
