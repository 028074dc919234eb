/** The connection that a sink writes through: transactions that survive a broken connection, and two-phase ones. */
import { delay } from '../../core/delay.ts'
import { MillraceError } from '../../core/errors.ts'
import {
  type Client,
  connect,
  type ConnectionSettings,
  isConnectionLoss,
  isPassing,
  RAW_TYPES,
  reconnect,
  serverError,
  sqlState,
} from './client.ts'
import type { Statement } from './statements.ts'

export interface PreparedTransaction {
  readonly gid: string
  /** Its transaction id: by it the server knows for long whether it was committed. */
  readonly xid: string
}

export interface SessionRequest {
  readonly settings: ConnectionSettings
  readonly table: string
  readonly maxRetries: number
  /** Milliseconds. */
  readonly retryTimeout: number
  readonly signal: AbortSignal
}

export class SinkSession {
  readonly #request: SessionRequest
  #client: Client | undefined
  /** Id of the open two-phase transaction. */
  #open: string | undefined

  constructor(request: SessionRequest) {
    this.#request = request
  }

  async connect(): Promise<Client> {
    this.#client ??= await connect(this.#request.settings)
    return this.#client
  }

  async close(): Promise<void> {
    const client = this.#client
    this.#client = undefined
    await client?.end().catch(() => {})
  }

  /**
   * Executes the statements in one transaction of its own, exactly once as far as the server can tell: when the
   * connection breaks, the transaction's id says whether it was committed.
   *
   * @param isRepeatable whether executing them twice does no harm
   */
  async execute(statements: readonly Statement[], isRepeatable: boolean): Promise<void> {
    const [only] = statements
    if (only === undefined) return
    let failures = 0
    for (;;) {
      let xid: string | undefined
      try {
        const client = await this.connect()
        if (isRepeatable && statements.length === 1) {
          await run(client, only)
          return
        }
        xid = await begin(client)
        for (const statement of statements) await run(client, statement)
        await client.query('COMMIT')
        return
      } catch (error) {
        if (this.#request.signal.aborted) throw this.#error(error)
        if (isConnectionLoss(error)) {
          await this.#reconnect()
          if (!isRepeatable && xid !== undefined && (await this.#wasCommitted(xid))) return
        } else {
          await this.#client?.query('ROLLBACK').catch(() => {})
          if (!isPassing(error) || ++failures > this.#request.maxRetries) throw this.#error(error)
          await delay(50 * 2 ** failures, this.#request.signal)
        }
      }
    }
  }

  async #reconnect(): Promise<void> {
    await this.close()
    this.#client = await reconnect(this.#request.settings, this.#request.retryTimeout, this.#request.signal)
  }

  /** Waits while the old connection's transaction is still under way. */
  async #wasCommitted(xid: string): Promise<boolean> {
    for (let pause = 20; ; pause = Math.min(2 * pause, 1000)) {
      const status = await this.status(xid)
      if (status !== 'in progress') return status === 'committed'
      if (this.#request.signal.aborted) return false
      await delay(pause, this.#request.signal)
    }
  }

  /** @returns null where the transaction is so old that the server has forgotten it */
  async status(xid: string): Promise<'committed' | 'aborted' | 'in progress' | null> {
    const client = await this.connect()
    const { rows } = await client.query<{ status: 'committed' | 'aborted' | 'in progress' | null }>(
      'SELECT txid_status($1::bigint) AS status',
      [xid],
    )
    return rows[0]?.status ?? null
  }

  /** Executes within the open two-phase transaction, which is begun if there is none. */
  async add(statements: readonly Statement[]): Promise<void> {
    if (statements.length === 0) return
    try {
      if (this.#open === undefined) {
        if (this.#client === undefined) await this.connect()
        this.#open = await this.#beginAgain()
        // Better a message than two transactions that wait for each other for ever.
        await this.#client?.query("SET LOCAL lock_timeout = '60s'")
      }
      for (const statement of statements) await run(this.#client as Client, statement)
    } catch (error) {
      throw this.#lost(error)
    }
  }

  /** Nothing is lost when the connection broke before the transaction began. */
  async #beginAgain(): Promise<string> {
    try {
      return await begin(this.#client as Client)
    } catch (error) {
      if (!isConnectionLoss(error)) throw error
      await this.#reconnect()
      return begin(this.#client as Client)
    }
  }

  /** What the transaction had written is gone with it: the job goes back to its last checkpoint. */
  #lost(error: unknown): MillraceError {
    const wasOpen = this.#open !== undefined
    this.#open = undefined
    if (!wasOpen || !isConnectionLoss(error)) return this.#error(error)
    return new MillraceError(
      'CONNECTION_FAILED',
      `PostgreSQL at ${this.#request.settings.server} broke off a transaction`,
      {
        detail: 'Rows written since the last checkpoint are gone with it and will be written again from there.',
        at: { table: this.#request.table },
        cause: error,
      },
    )
  }

  /** @returns undefined where nothing was written */
  async prepare(gid: string): Promise<PreparedTransaction | undefined> {
    const xid = this.#open
    if (xid === undefined) return undefined
    try {
      await this.#client?.query(`PREPARE TRANSACTION '${gid}'`)
      this.#open = undefined
      return { gid, xid }
    } catch (error) {
      throw this.#lost(error)
    }
  }

  /** Again for a committed transaction changes nothing. */
  async commit({ gid, xid }: PreparedTransaction): Promise<void> {
    for (;;) {
      try {
        const client = await this.connect()
        await client.query(`COMMIT PREPARED '${gid}'`)
        return
      } catch (error) {
        if (isConnectionLoss(error) && !this.#request.signal.aborted) {
          await this.#reconnect()
        } else if (sqlState(error) === '42704') {
          return this.#requireCommitted(gid, xid)
        } else {
          throw this.#error(error)
        }
      }
    }
  }

  async #requireCommitted(gid: string, xid: string): Promise<void> {
    const status = await this.status(xid)
    // Forgotten means old, and an old one was committed by the run that prepared it.
    if (status === 'committed' || status === null) return
    throw new MillraceError('TRANSACTION_LOST', `prepared transaction "${gid}" is no longer known to PostgreSQL`, {
      detail: `Its state is "${status}": someone rolled it back.`,
      at: { table: this.#request.table },
    })
  }

  /** Rolls back prepared transactions whose ids begin so, but those to be kept. */
  async abortPrepared(isOwn: (gid: string) => boolean): Promise<void> {
    try {
      const client = await this.connect()
      const { rows } = await client.query<{ gid: string }>(
        'SELECT gid FROM pg_prepared_xacts WHERE database = current_database()',
      )
      for (const { gid } of rows) {
        if (isOwn(gid)) await client.query(`ROLLBACK PREPARED '${gid}'`)
      }
    } catch (error) {
      throw this.#error(error)
    }
  }

  #error(error: unknown): MillraceError {
    return serverError(error, this.#request.settings, this.#request.table)
  }
}

async function begin(client: Client): Promise<string> {
  await client.query('BEGIN')
  const { rows } = await client.query<{ xid: string }>({ text: 'SELECT txid_current() AS xid', types: RAW_TYPES })
  return rows[0]?.xid ?? ''
}

async function run(client: Client, statement: Statement): Promise<void> {
  await client.query({ name: statement.name, text: statement.text, values: [...statement.values] })
}
