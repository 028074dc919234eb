/** Contexts for tests of sources and sinks, made from a table definition as a session would. */
import { ALL_CHANGES, type ConnectorDescriptor } from '../../catalog/connector.ts'
import { CONNECTOR_DESCRIPTORS, FORMAT_DESCRIPTORS } from '../../catalog/connectors/index.ts'
import { parseTableOptions } from '../../catalog/table-options.ts'
import type { CatalogTable, TableColumn } from '../../catalog/table.ts'
import { type ChangeBatch, sliceRows } from '../../core/change-batch.ts'
import { formatBatch } from '../../core/batch-text.ts'
import { type Clock, SYSTEM_CLOCK } from '../../core/clock.ts'
import type { JsonValue } from '../../core/json.ts'
import type { OptionValues } from '../../core/options.ts'
import type { SqlType } from '../../core/types.ts'
import { soleEnumerator } from '../api/enumerator.ts'
import type { Sink, SinkContext } from '../api/sink.ts'
import type { Source, SourceContext } from '../api/source.ts'

const EXTENSIONS = {
  connectors: new Map(CONNECTOR_DESCRIPTORS.map((descriptor) => [descriptor.name, descriptor])),
  formats: new Map(FORMAT_DESCRIPTORS.map((descriptor) => [descriptor.name, descriptor])),
}

export interface TableRequest {
  readonly columns: Readonly<Record<string, SqlType>>
  readonly options: Readonly<Record<string, string>>
  readonly metadata?: readonly TableColumn[]
  readonly partitionKeys?: readonly string[]
  readonly primaryKey?: readonly string[]
}

export function testTable(request: TableRequest): CatalogTable {
  return {
    kind: 'table',
    path: { catalog: 'default_catalog', database: 'default_database', name: 't' },
    temporary: false,
    columns: [
      ...Object.entries(request.columns).map(([name, type]) => ({ kind: 'physical', name, type }) as const),
      ...(request.metadata ?? []),
    ],
    partitionKeys: request.partitionKeys ?? [],
    ...(request.primaryKey === undefined ? {} : { primaryKey: { columns: request.primaryKey } }),
    options: request.options,
  }
}

/** Options and descriptor of a table, validated. */
export function testOptions(table: CatalogTable): { options: OptionValues; descriptor: ConnectorDescriptor } {
  const options = parseTableOptions(table.options, EXTENSIONS, 'table "t"')
  const descriptor = EXTENSIONS.connectors.get(table.options['connector'] ?? '')
  if (descriptor === undefined) throw new Error('no such connector')
  descriptor.validate?.(table, options)
  return { options, descriptor }
}

/** @param columns those to read; default: all */
export function sourceContext(
  request: TableRequest,
  overrides: Partial<SourceContext> = {},
  columns?: readonly string[],
): SourceContext {
  const table = testTable(request)
  const names = columns ?? table.columns.map((column) => column.name)
  const fields = names.map((name) => {
    const column = table.columns.find((candidate) => candidate.name === name)
    if (column === undefined || column.kind === 'computed') throw new Error(`no column ${name}`)
    return { name, type: column.type }
  })
  return {
    table,
    options: testOptions(table).options,
    schema: { fields },
    columns: names,
    batchRows: 4096,
    subtask: 0,
    parallelism: 1,
    enumerator: soleEnumerator(),
    signal: new AbortController().signal,
    clock: SYSTEM_CLOCK,
    onSkipped: () => {},
    ...overrides,
  }
}

export function sinkContext(request: TableRequest, overrides: Partial<SinkContext> = {}): SinkContext {
  const table = testTable(request)
  const names = table.columns.map((column) => column.name)
  return {
    table,
    options: testOptions(table).options,
    schema: { fields: Object.entries(request.columns).map(([name, type]) => ({ name, type })) },
    columns: names,
    primaryKey: (request.primaryKey ?? []).map((name) => names.indexOf(name)),
    changelog: ALL_CHANGES,
    overwrite: false,
    jobName: 'test-job',
    uid: 'sink-1',
    subtask: 0,
    parallelism: 1,
    checkpointing: true,
    signal: new AbortController().signal,
    clock: SYSTEM_CLOCK,
    output: { write: () => {}, writeError: () => {} },
    ...overrides,
  }
}

/** A clock that stands still until it is moved. */
export class ManualClock implements Clock {
  time: number

  constructor(time = 0) {
    this.time = time
  }

  now(): number {
    return this.time
  }
}

/** All rows up to the end, or to `polls` polls, as text lines. */
export async function readAll(source: Source, polls = Number.POSITIVE_INFINITY): Promise<string[]> {
  const lines: string[] = []
  for (let i = 0; i < polls; i++) {
    const polled = await source.poll(50)
    if (polled.kind === 'end') break
    if (polled.kind === 'rows') lines.push(...batchLines(polled.batch))
  }
  return lines
}

function batchLines(batch: ChangeBatch): string[] {
  return batch.rows === 0 ? [] : formatBatch(batch).split('\n')
}

/** Writes, prepares and commits a batch. */
export async function writeCommitted(sink: Sink, batch: ChangeBatch, checkpoint = 1): Promise<JsonValue | null> {
  await sink.write(sliceRows(batch, 0, batch.rows))
  const handle = await sink.prepare(checkpoint)
  if (handle !== null) await sink.commit(handle)
  return handle
}
