/** The upsert-kafka connector: the last record of a key is its row, a record without a value deletes it. */
import {
  type ChangeBatch,
  createBatch,
  DELETE,
  gatherRows,
  kindAt,
  UPDATE_AFTER,
  UPDATE_BEFORE,
} from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import { columnOf } from '../../core/column-builder.ts'
import { readValue } from '../../core/column-ops.ts'
import type { Schema } from '../../core/types.ts'
import type { Sink, SinkContext } from '../api/sink.ts'
import type { Source, SourceContext } from '../api/source.ts'
import { HeldRecords } from '../kafka/held-records.ts'
import { createLayout } from '../kafka/record-layout.ts'
import type { TopicPartition } from '../kafka/client.ts'
import type { RecordBlock } from '../kafka/record-batch.ts'
import { type DecodedRecords, RowDecoder } from '../kafka/row-decoder.ts'
import { KafkaSink } from '../kafka/sink.ts'
import { KafkaSource } from '../kafka/source.ts'

export { mergePositions } from '../kafka/source.ts'

export function createSource(context: SourceContext): Source {
  const { table, options, columns, schema } = context
  const key = table.primaryKey?.columns ?? []
  return new KafkaSource(context, async () => {
    const layout = await createLayout(table, options, key)
    const rows = new RowDecoder(table, columns, schema, layout, options, true)
    const keyColumns = columns.filter((name) => key.includes(name))
    const keySchema: Schema = { fields: schema.fields.filter((field) => keyColumns.includes(field.name)) }
    const keys = new RowDecoder(
      table,
      keyColumns,
      keySchema,
      {
        ...layout,
        valueFormat: layout.keyFormat ?? layout.valueFormat,
        valueFields: layout.keyFields,
        valueColumns: layout.keyColumns,
      },
      options,
      false,
    )
    return (block, from, to, place) => readUpserts(rows, keys, { columns, keyColumns, schema }, block, from, to, place)
  })
}

interface Shape {
  readonly columns: readonly string[]
  readonly keyColumns: readonly string[]
  readonly schema: Schema
}

/** Runs of rows and runs of tombstones, in the order of the records. */
function readUpserts(
  rows: RowDecoder,
  keys: RowDecoder,
  shape: Shape,
  block: RecordBlock,
  from: number,
  to: number,
  place: TopicPartition,
): DecodedRecords {
  const parts: ChangeBatch[] = []
  let skipped = 0
  for (let start = from; start < to; ) {
    const deleted = (block.valueLengths[start] ?? 0) < 0
    let end = start + 1
    while (end < to && (block.valueLengths[end] ?? 0) < 0 === deleted) end++
    const decoded = deleted ? deletions(keys, shape, block, start, end, place) : rows.decode(block, start, end, place)
    const kinds = new Uint8Array(decoded.rows).fill(deleted ? DELETE : UPDATE_AFTER)
    parts.push(createBatch(shape.schema, decoded.columns, decoded.rows, kinds))
    skipped += decoded.skipped
    start = end
  }
  const [only] = parts
  const merged = parts.length === 1 && only !== undefined ? only : concatenate(parts, shape.schema)
  return { columns: merged.columns, rows: merged.rows, kinds: merged.kinds, skipped }
}

/** A tombstone has the key and NULL everywhere else; the key is read as if it were the value. */
function deletions(
  keys: RowDecoder,
  shape: Shape,
  block: RecordBlock,
  from: number,
  to: number,
  place: TopicPartition,
): DecodedRecords {
  const asValues: RecordBlock = { ...block, valueStarts: block.keyStarts, valueLengths: block.keyLengths }
  const decoded = keys.decode(asValues, from, to, place)
  const columns = shape.columns.map((name): Column => {
    const at = shape.keyColumns.indexOf(name)
    return decoded.columns[at] ?? nullColumn(shape, name, decoded.rows)
  })
  return { ...decoded, columns }
}

function nullColumn(shape: Shape, name: string, rows: number): Column {
  const type = shape.schema.fields.find((field) => field.name === name)?.type ?? { kind: 'NULL', nullable: true }
  return columnOf(
    type,
    Array.from({ length: rows }, () => null),
  )
}

function concatenate(parts: readonly ChangeBatch[], schema: Schema): ChangeBatch {
  const rows = parts.reduce((sum, part) => sum + part.rows, 0)
  const kinds = new Uint8Array(rows)
  let at = 0
  for (const part of parts) for (let row = 0; row < part.rows; row++) kinds[at++] = kindAt(part, row)
  const columns = schema.fields.map((field, index) =>
    columnOf(
      field.type,
      parts.flatMap((part) => {
        const column = part.columns[index]
        return Array.from({ length: part.rows }, (_, row) =>
          column === undefined ? null : readValue(column, field.type, row),
        )
      }),
    ),
  )
  return createBatch(schema, columns, rows, kinds)
}

/** -U rows carry nothing that the +U or the next row of the key does not: unless no +U follows, where they delete. */
export function createSink(context: SinkContext): Sink {
  const { options } = context
  const maxRows = options.int('sink.buffer-flush.max-rows')
  return new KafkaSink(context, {
    held: maxRows > 0 ? new HeldRecords(maxRows, options.duration('sink.buffer-flush.interval')) : undefined,
    keyColumns: context.primaryKey.map((position) => context.columns[position] ?? ''),
    select: (batch) => selectUpserts(batch),
  })
}

function selectUpserts(batch: ChangeBatch): { batch: ChangeBatch; tombstones: Uint8Array | null } {
  if (batch.kinds === null) return { batch, tombstones: null }
  const kept: number[] = []
  const tombstones: number[] = []
  for (let row = 0; row < batch.rows; row++) {
    const kind = kindAt(batch, row)
    if (kind === UPDATE_BEFORE && row + 1 < batch.rows && kindAt(batch, row + 1) === UPDATE_AFTER) continue
    kept.push(row)
    tombstones.push(kind === DELETE || kind === UPDATE_BEFORE ? 1 : 0)
  }
  const selected = gatherRows(batch, Int32Array.from(kept), kept.length)
  return { batch: selected, tombstones: Uint8Array.from(tombstones) }
}
