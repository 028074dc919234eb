/** Records of one partition to columns: value, key and metadata. */
import type { CatalogTable } from '../../catalog/table.ts'
import type { Column, Value } from '../../core/column.ts'
import { columnOf } from '../../core/column-builder.ts'
import { gatherColumn, sliceColumn } from '../../core/column-ops.ts'
import { MillraceError } from '../../core/errors.ts'
import { scopeOptions } from '../../core/option-values.ts'
import type { OptionValues } from '../../core/options.ts'
import { type Field, type Schema, type SqlType, unitsPerMillisecond } from '../../core/types.ts'
import { type RecordDecoder, RecordError } from '../api/format.ts'
import { asRead } from '../api/source.ts'
import type { TopicPartition } from './client.ts'
import { readHeaders, type RecordBlock } from './record-batch.ts'
import type { RecordLayout } from './record-layout.ts'

export interface DecodedRecords {
  readonly columns: readonly Column[]
  readonly rows: number
  readonly kinds: Uint8Array | null
  readonly skipped: number
}

type ColumnPlan =
  | { readonly from: 'key' | 'value'; readonly index: number }
  | { readonly from: 'metadata'; readonly key: string; readonly type: SqlType }
  /** Metadata of the value's format. */
  | { readonly from: 'format'; readonly index: number }

/** Prefix of the keys of metadata that the format of the value gives. */
const FORMAT_METADATA = 'value.'

export class RowDecoder {
  readonly #table: CatalogTable
  readonly #plans: readonly ColumnPlan[]
  readonly #value: RecordDecoder
  /** Columns of the value itself; behind them comes the metadata of its format. */
  readonly #valueWidth: number
  readonly #key: RecordDecoder | undefined

  /** @param keyFirst whether a column that is in key and value is read from the key (upsert-kafka's tombstones) */
  constructor(
    table: CatalogTable,
    columns: readonly string[],
    schema: Schema,
    layout: RecordLayout,
    options: OptionValues,
    keyFirst: boolean,
  ) {
    this.#table = table
    const keyWanted: number[] = []
    const valueWanted: number[] = []
    const formatMetadata: Field[] = []
    this.#plans = columns.map((name, index): ColumnPlan => {
      const column = table.columns.find((candidate) => candidate.name === name)
      if (column?.kind === 'metadata') {
        const key = column.from ?? name
        const type = schema.fields[index]?.type ?? column.type
        if (!key.startsWith(FORMAT_METADATA)) return { from: 'metadata', key, type }
        const place = formatMetadata.push({ name: key.slice(FORMAT_METADATA.length), type }) - 1
        return { from: 'format', index: place }
      }
      const inKey = layout.keyColumns.indexOf(name)
      const inValue = layout.valueColumns.indexOf(name)
      if (inKey >= 0 && layout.keyFormat !== undefined && (keyFirst || inValue < 0))
        return { from: 'key', index: keyWanted.push(inKey) - 1 }
      return { from: 'value', index: valueWanted.push(inValue) - 1 }
    })
    const { format, prefix } = layout.valueFormat
    this.#value = format.createDecoder({
      fields: asRead(layout.valueFields, columns, schema),
      wanted: valueWanted,
      metadata: formatMetadata,
      options: scopeOptions(options, prefix),
    })
    this.#valueWidth = valueWanted.length
    if (layout.keyFormat !== undefined && keyWanted.length > 0) {
      const key = layout.keyFormat
      this.#key = key.format.createDecoder({
        fields: layout.keyFields,
        wanted: keyWanted,
        options: scopeOptions(options, key.prefix),
      })
    }
  }

  /** The records `from … to)` of a block that are no tombstones. @throws MillraceError MALFORMED_RECORD */
  decode(block: RecordBlock, from: number, to: number, place: TopicPartition): DecodedRecords {
    const picked = presentRecords(block, from, to)
    const values = {
      data: block.data,
      starts: take(block.valueStarts, picked, from, to),
      lengths: take(block.valueLengths, picked, from, to),
      count: picked?.length ?? to - from,
    }
    const recordAt = (index: number): number => picked?.[index] ?? from + index
    const decoded = this.#guard(block, recordAt, place, 'value', () => this.#value.decode(values))
    const source = decoded.recordOf
    const keys = this.#key === undefined ? [] : this.#decodeKeys(this.#key, block, picked, from, to, place)
    const recordOfRow = (row: number): number => recordAt(source === null ? row : (source[row] ?? 0))
    const columns = this.#plans.map((plan): Column => {
      if (plan.from === 'metadata') return metadataColumn(plan, block, decoded.rows, recordOfRow, place)
      const column =
        plan.from === 'key'
          ? keys[plan.index]
          : decoded.columns[plan.from === 'value' ? plan.index : this.#valueWidth + plan.index]
      if (column === undefined) throw new MillraceError('INTERNAL_ERROR', 'a column was not decoded')
      return plan.from !== 'key' || source === null ? column : gatherColumn(column, source, decoded.rows)
    })
    return { columns, rows: decoded.rows, kinds: decoded.kinds, skipped: decoded.skipped }
  }

  #decodeKeys(
    decoder: RecordDecoder,
    block: RecordBlock,
    picked: Int32Array | undefined,
    from: number,
    to: number,
    place: TopicPartition,
  ): readonly Column[] {
    const count = picked?.length ?? to - from
    const records = {
      data: block.data,
      starts: take(block.keyStarts, picked, from, to),
      lengths: take(block.keyLengths, picked, from, to),
      count,
    }
    const { columns, rows, recordOf } = this.#guard(
      block,
      (index) => picked?.[index] ?? from + index,
      place,
      'key',
      () => decoder.decode(records),
    )
    if (recordOf === null || rows === count) return columns.map((column) => sliceColumn(column, 0, count))
    const rowOf = new Int32Array(count)
    for (let row = 0; row < rows; row++) rowOf[recordOf[row] ?? 0] = row
    return columns.map((column) => gatherColumn(column, rowOf, count))
  }

  #guard<T>(
    block: RecordBlock,
    recordAt: (index: number) => number,
    place: TopicPartition,
    part: string,
    action: () => T,
  ): T {
    try {
      return action()
    } catch (error) {
      if (!(error instanceof RecordError)) throw error
      const offset = block.offsets[recordAt(error.record)] ?? 0n
      throw new MillraceError('MALFORMED_RECORD', `the ${part} of a record cannot be decoded: ${error.message}`, {
        at: { table: this.#table.path.name, topic: place.topic, partition: place.partition, offset: offset.toString() },
        hint: "Correct the record, or set '<format>.ignore-parse-errors' = 'true' to skip such records.",
        cause: error,
      })
    }
  }
}

/** Indices of the records with a value, or undefined when all have one. */
function presentRecords(block: RecordBlock, from: number, to: number): Int32Array | undefined {
  let missing = 0
  for (let record = from; record < to; record++) if ((block.valueLengths[record] ?? 0) < 0) missing++
  if (missing === 0) return undefined
  const present = new Int32Array(to - from - missing)
  let at = 0
  for (let record = from; record < to; record++) if ((block.valueLengths[record] ?? 0) >= 0) present[at++] = record
  return present
}

function take(values: Int32Array, picked: Int32Array | undefined, from: number, to: number): Int32Array {
  return picked === undefined ? values.subarray(from, to) : Int32Array.from(picked, (record) => values[record] ?? 0)
}

function metadataColumn(
  plan: Extract<ColumnPlan, { from: 'metadata' }>,
  block: RecordBlock,
  rows: number,
  recordOf: (row: number) => number,
  place: TopicPartition,
): Column {
  return columnOf(
    plan.type,
    Array.from({ length: rows }, (_, row) => metadataValue(plan, block, recordOf(row), place)),
  )
}

function integerAs(type: SqlType, value: number | bigint): Value {
  if (type.kind === 'BIGINT') return BigInt(value)
  return type.kind === 'CHAR' || type.kind === 'VARCHAR' ? String(value) : Number(value)
}

function metadataValue(
  plan: Extract<ColumnPlan, { from: 'metadata' }>,
  block: RecordBlock,
  record: number,
  place: TopicPartition,
): Value {
  switch (plan.key) {
    case 'topic':
      return place.topic
    case 'partition':
      return integerAs(plan.type, place.partition)
    case 'offset':
      return integerAs(plan.type, block.offsets[record] ?? 0n)
    case 'leader-epoch':
      return integerAs(plan.type, block.leaderEpoch)
    case 'timestamp': {
      const precision = plan.type.kind === 'TIMESTAMP_LTZ' || plan.type.kind === 'TIMESTAMP' ? plan.type.precision : 3
      return (block.timestamps[record] ?? 0n) * unitsPerMillisecond(precision)
    }
    case 'timestamp-type':
      return block.logAppendTime ? 'LogAppendTime' : 'CreateTime'
    case 'headers':
      return readHeaders(block.data, block.headerStarts[record] ?? 0).map(({ key, value }) => [key, value])
    default:
      return null
  }
}
