/** Connections to PostgreSQL: made from a table's options, with errors as a user should read them. */
import { readFileSync } from 'node:fs'
import type { Client, ClientConfig } from 'pg'
import { parseJdbcUrl } from '../../catalog/connectors/jdbc.ts'
import { delay } from '../../core/delay.ts'
import { MillraceError } from '../../core/errors.ts'
import type { OptionValues } from '../../core/options.ts'

export type { Client } from 'pg'

/** Values come as the text that PostgreSQL sends; the columns' types say what they are. */
export const RAW_TYPES = { getTypeParser: () => (value: string) => value }

export interface ConnectionSettings {
  readonly config: ClientConfig
  /** `host:port`, for messages. */
  readonly server: string
  readonly database: string
}

export function connectionSettings(options: OptionValues): ConnectionSettings {
  const { host, port, database, parameters } = parseJdbcUrl(options.string('url'))
  const user = options.optionalString('username') ?? parameters.get('user')
  const password = options.optionalString('password') ?? parameters.get('password')
  const schema = parameters.get('currentSchema')
  const settings = [
    parameters.get('options'),
    schema === undefined ? undefined : `-c search_path=${schema.replaceAll(' ', '\\ ')}`,
  ]
  const timeout = parameters.get('connectTimeout')
  return {
    server: `${host}:${port}`,
    database: database ?? user ?? 'postgres',
    config: {
      host,
      port,
      database: database ?? user ?? 'postgres',
      user: user ?? 'postgres',
      // Without one, pg would look into the environment and a password file.
      password: password ?? '',
      application_name: parameters.get('ApplicationName') ?? 'millrace',
      connectionTimeoutMillis: timeout === undefined ? 10_000 : Number(timeout) * 1000,
      keepAlive: true,
      options: settings.filter((part) => part !== undefined).join(' '),
      ssl: sslConfig(parameters),
    },
  }
}

function sslConfig(parameters: ReadonlyMap<string, string>): ClientConfig['ssl'] {
  const mode = parameters.get('sslmode') ?? (parameters.get('ssl') === 'true' ? 'verify-full' : 'disable')
  const certificate = parameters.get('sslrootcert')
  const ca = certificate === undefined ? {} : { ca: readFileSync(certificate, 'utf8') }
  switch (mode) {
    case 'disable':
    case 'allow':
    case 'prefer':
      return false
    case 'require':
      return { rejectUnauthorized: false, ...ca }
    case 'verify-ca':
      return { checkServerIdentity: () => undefined, ...ca }
    default:
      return { ...ca }
  }
}

/** @throws MillraceError CONNECTION_FAILED, AUTHENTICATION_FAILED, EXTERNAL_OBJECT_MISSING, MISSING_CLIENT_LIBRARY */
export async function connect(settings: ConnectionSettings): Promise<Client> {
  const pg = await loadClientLibrary()
  const client = new pg.Client(settings.config)
  // A connection that breaks while nothing is asked tells it to the next query.
  client.on('error', () => {})
  try {
    await client.connect()
    // Texts of all values in one form, whatever the server's configuration.
    await client.query(
      `SET datestyle = 'ISO, YMD'; SET timezone = 'UTC'; SET intervalstyle = 'postgres';
       SET extra_float_digits = 1; SET bytea_output = 'hex'; SET standard_conforming_strings = on`,
    )
    return client
  } catch (error) {
    await client.end().catch(() => {})
    throw serverError(error, settings)
  }
}

async function loadClientLibrary(): Promise<{ readonly Client: typeof Client }> {
  try {
    return (await import('pg')).default
  } catch (error) {
    throw new MillraceError('MISSING_CLIENT_LIBRARY', 'the jdbc connector needs the package "pg"', {
      hint: 'Install it: npm install pg',
      cause: error,
    })
  }
}

/**
 * A connection again after one broke: tried with growing pauses until the time is over.
 *
 * @param timeout milliseconds
 */
export async function reconnect(settings: ConnectionSettings, timeout: number, signal: AbortSignal): Promise<Client> {
  const start = performance.now()
  for (let pause = 50; ; pause = Math.min(2 * pause, 2000)) {
    try {
      return await connect(settings)
    } catch (error) {
      const isOver = performance.now() - start + pause > timeout
      if (isOver || signal.aborted || !isConnectionLoss(error)) throw error
    }
    await delay(pause, signal)
  }
}

const SYSTEM_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
])

function codeOf(error: unknown): string {
  const source = error instanceof MillraceError ? error.cause : error
  return source instanceof Error && 'code' in source && typeof source.code === 'string' ? source.code : ''
}

/** Whether the connection is gone or the server is just starting or stopping: another connection may do. */
export function isConnectionLoss(error: unknown): boolean {
  if (error instanceof MillraceError && error.code === 'CONNECTION_FAILED') return true
  const code = codeOf(error)
  if (SYSTEM_CODES.has(code) || code.startsWith('08') || /^57P0[1-5]$|^25P03$/.test(code)) return true
  const source = error instanceof MillraceError ? error.cause : error
  return (
    source instanceof Error &&
    /Connection terminated|not queryable|timeout expired|connection error/i.test(source.message)
  )
}

/** Whether the same statement may succeed when it is tried again on the same connection. */
export function isPassing(error: unknown): boolean {
  return ['40001', '40P01', '55P03', '53200', '57014'].includes(codeOf(error))
}

export function sqlState(error: unknown): string {
  return codeOf(error)
}

/** The error that a failed connection or query means to a user. */
export function serverError(error: unknown, settings: ConnectionSettings, table?: string): MillraceError {
  if (error instanceof MillraceError) return error
  const code = codeOf(error)
  const message = error instanceof Error ? error.message : String(error)
  const detail = `PostgreSQL: ${message}${message.endsWith('.') ? '' : '.'}`
  const at = table === undefined ? { server: settings.server } : { server: settings.server, table }
  if (code === '28P01' || code === '28000' || message.includes('SASL')) {
    const user = String(settings.config.user)
    return new MillraceError('AUTHENTICATION_FAILED', `PostgreSQL at ${settings.server} refused user "${user}"`, {
      detail,
      hint: `Check 'username' and 'password' in WITH (…).`,
      cause: error,
    })
  }
  if (code === '3D000') {
    return new MillraceError(
      'EXTERNAL_OBJECT_MISSING',
      `database "${settings.database}" does not exist at ${settings.server}`,
      {
        hint: 'Check the URL, or create the database.',
        cause: error,
      },
    )
  }
  if (isConnectionLoss(error) || code === '53300') {
    return new MillraceError('CONNECTION_FAILED', `PostgreSQL at ${settings.server} cannot be reached`, {
      detail,
      cause: error,
    })
  }
  if (code === '53100') {
    return new MillraceError('STORAGE_FULL', `the disk of PostgreSQL at ${settings.server} is full`, {
      detail,
      at,
      cause: error,
    })
  }
  return statementError(error, code, detail, at)
}

function statementError(
  error: unknown,
  code: string,
  detail: string,
  at: Readonly<Record<string, string>>,
): MillraceError {
  const options = { detail, at, cause: error }
  switch (code) {
    case '42P01':
      return new MillraceError('EXTERNAL_OBJECT_MISSING', 'a table does not exist in PostgreSQL', options)
    case '42501':
      return new MillraceError('AUTHENTICATION_FAILED', 'PostgreSQL does not allow the access', options)
    case '23502':
      return new MillraceError(
        'NOT_NULL_VIOLATION',
        'NULL was to be written into a NOT NULL column of PostgreSQL',
        options,
      )
    case '42P10':
      return new MillraceError(
        'EXTERNAL_OBJECT_MISSING',
        'the table in PostgreSQL has no unique index on the primary key',
        {
          ...options,
          hint: 'Create one: ALTER TABLE … ADD PRIMARY KEY (…).',
        },
      )
    default:
      // Wrong data (22…, 23…) and wrong statements (42…) fail the same way again.
      return new MillraceError('EXTERNAL_ERROR', 'PostgreSQL refused a statement', {
        ...options,
        retryable: !/^(?:22|23|42)/.test(code),
      })
  }
}
