/** PostgreSQL from the system's package, as a process of its own. */
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  canConnect,
  freePort,
  type RunningService,
  ServiceUnavailable,
  startProcess,
  stopProcess,
  untilReady,
} from './server.ts'

function binaries(): string {
  const found = globSync('/usr/lib/postgresql/*/bin').sort().at(-1) ?? process.env['PGBIN']
  if (found !== undefined && existsSync(join(found, 'initdb'))) return found
  throw new ServiceUnavailable('PostgreSQL is not installed (Debian: apt-get install postgresql)')
}

/** The server refuses to run as root. */
function account(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

/** @returns a service whose address is a URL `postgresql://postgres@127.0.0.1:port/postgres`; the password is `postgres` */
export async function startPostgres(): Promise<RunningService> {
  const bin = binaries()
  const owner = account()
  const directory = mkdtempSync(join(tmpdir(), 'millrace-postgres-'))
  if (owner !== undefined) chownSync(directory, owner.uid, owner.gid)
  chmodSync(directory, 0o700)
  const data = join(directory, 'data')
  const run = owner === undefined ? {} : owner
  execFileSync(join(bin, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync'], {
    ...run,
    stdio: 'ignore',
    cwd: directory,
  })
  const port = await freePort()
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_prepared_transactions: 30,
    wal_level: 'logical',
    fsync: 'off',
  }
  const args = ['-D', data, ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`])]
  const log = join(tmpdir(), `millrace-postgres-${port}.log`)
  const setpriv =
    owner === undefined ? [] : ['--reuid', String(owner.uid), '--regid', String(owner.gid), '--clear-groups', '--']
  const start = async () => {
    const child =
      owner === undefined
        ? startProcess(join(bin, 'postgres'), args, log)
        : startProcess('setpriv', [...setpriv, join(bin, 'postgres'), ...args], log)
    await untilReady(child, log, () => canConnect(port))
    await untilReady(child, log, async () => answers(bin, port))
    return child
  }
  let child = await start()
  execFileSync(
    join(bin, 'psql'),
    ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', '-c', "ALTER USER postgres PASSWORD 'postgres'"],
    { stdio: 'ignore' },
  )
  return {
    address: `postgresql://postgres:postgres@127.0.0.1:${port}/postgres`,
    stop: async () => {
      await stopProcess(child, 'SIGINT')
      rmSync(directory, { recursive: true, force: true })
    },
    restart: async () => {
      await stopProcess(child, 'SIGINT')
      child = await start()
    },
  }
}

function answers(bin: string, port: number): boolean {
  try {
    execFileSync(join(bin, 'psql'), ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', '-c', 'SELECT 1'], {
      stdio: 'ignore',
    })
    return true
  } catch {
    return false
  }
}
