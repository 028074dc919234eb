/**
 * Runs the queries of a suite in Millrace with the input in the order in which `java/` gives it to Flink: the scans of a
 * query in turn, one row at a time.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Configuration } from '../../catalog/configuration.ts'
import type { Source, SourcePoll } from '../../connectors/api/source.ts'
import { CONNECTORS } from '../../connectors/index.ts'
import type { ChangeBatch } from '../../core/change-batch.ts'
import { SYSTEM_CLOCK } from '../../core/clock.ts'
import { asMillraceError, formatError } from '../../core/errors.ts'
import { typeToString } from '../../core/types.ts'
import { runJob } from '../../executor/runtime/job.ts'
import { parseStatement } from '../../parser/parse.ts'
import type { OperatorGraph } from '../../planner/physical/graph.ts'
import { planStatement } from '../../planner/plan.ts'
import { Session } from '../../session/session.ts'
import type { SltRecord } from '../slt/format.ts'
import { changeLines, execute } from '../slt/run-suite.ts'
import { wrapSources } from '../wrapped-sources.ts'

export type Found =
  | { readonly kind: 'ok' }
  | { readonly kind: 'error'; readonly message: string }
  | {
      readonly kind: 'query'
      readonly columns: readonly string[]
      readonly lines: readonly string[]
      readonly operators: ReadonlySet<string>
      readonly isBatch: boolean
      /** The query ends with ORDER BY. */
      readonly isSorted: boolean
    }

/** By line of the record. */
export async function runInTurns(records: readonly SltRecord[]): Promise<ReadonlyMap<number, Found>> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-flink-'))
  const session = new Session({
    dataDirectory: join(directory, '.state'),
    configuration: { 'table.local-time-zone': 'UTC' },
  })
  const found = new Map<number, Found>()
  try {
    for (const record of records) {
      if (record.kind === 'comment' || record.kind === 'output') continue
      found.set(record.line, await runRecord(record, session, directory))
    }
  } finally {
    await session.close()
    rmSync(directory, { recursive: true, force: true })
  }
  return found
}

async function runRecord(record: SltRecord, session: Session, directory: string): Promise<Found> {
  if (record.kind === 'file') {
    const path = join(directory, record.argument)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, `${record.body}\n`)
    return { kind: 'ok' }
  }
  const sql = record.body.replaceAll('$DIR', directory)
  try {
    if (record.kind.startsWith('query')) return await runQuery(sql, session)
    await execute(session, sql)
    return { kind: 'ok' }
  } catch (error) {
    return { kind: 'error', message: formatError(asMillraceError(error), sql) }
  }
}

async function runQuery(sql: string, session: Session): Promise<Found> {
  const statement = parseStatement(sql)
  if (statement.kind !== 'query') throw new Error(`not a query: ${sql}`)
  const graph = planStatement(statement, sql, session.plannerContext())
  const settings = Object.fromEntries(session.configuration.entries())
  const schema = graph.nodes.find((node) => node.kind === 'collect')?.schema
  const changes = (await collect(graph, settings)).flatMap(changeLines)
  return {
    kind: 'query',
    columns: (schema?.fields ?? []).map(({ name, type }) => `\`${name}\` ${typeToString(type)}`),
    lines: changes.map(({ kind, text }) => `${kind} ${text}`),
    operators: new Set(graph.nodes.map(({ kind }) => kind)),
    isBatch: settings['execution.runtime-mode']?.toLowerCase() === 'batch',
    isSorted: statement.orderBy.length > 0,
  }
}

async function collect(
  graph: OperatorGraph,
  settings: Readonly<Record<string, string>>,
): Promise<readonly ChangeBatch[]> {
  const collected: ChangeBatch[] = []
  const job = runJob({
    graph,
    name: 'flink',
    stateName: 'flink',
    configuration: new Configuration({
      ...settings,
      'execution.batch-rows': '1',
      'restart-strategy.type': 'none',
    }),
    connectors: new Turns().wrap(CONNECTORS),
    dataDirectory: undefined,
    keepFinished: false,
    output: { write: () => undefined, writeError: () => undefined },
    clock: SYSTEM_CLOCK,
    log: () => undefined,
    onCollect: (batch) => {
      collected.push(batch)
      return undefined
    },
  })
  await job.finished
  return collected
}

/** Lets one source at a time read one row. */
class Turns {
  /** Sources that have not ended, in the order of their scans. */
  readonly #reading: number[] = []
  #scans = 0
  #turn = 0

  wrap(connectors: typeof CONNECTORS): typeof CONNECTORS {
    return wrapSources(connectors, (source) => this.#wrapSource(source))
  }

  #wrapSource(source: Source): Source {
    const scan = this.#scans++
    this.#reading.push(scan)
    let hasRead = false
    return {
      open: (position) => source.open(position),
      poll: async (maxWait): Promise<SourcePoll> => {
        if (hasRead) this.#handOver(scan)
        hasRead = false
        if (this.#turn !== scan) {
          await nextMacrotask()
          return { kind: 'idle' }
        }
        const polled = await source.poll(maxWait)
        hasRead = polled.kind === 'rows'
        if (polled.kind === 'end') void this.#end(scan)
        return polled
      },
      splits: () => source.splits(),
      position: () => source.position(),
      close: () => source.close(),
    }
  }

  /** The end has gone through the operators when the others go on. */
  async #end(scan: number): Promise<void> {
    await nextMacrotask()
    this.#handOver(scan)
    this.#reading.splice(this.#reading.indexOf(scan), 1)
  }

  #handOver(scan: number): void {
    this.#turn = this.#reading.find((other) => other > scan) ?? this.#reading[0] ?? scan
  }
}

function nextMacrotask(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
