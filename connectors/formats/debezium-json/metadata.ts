/** What an event says besides its rows: when and where the change was made. Read only where a table asks for it. */
import type { Column, Value } from '../../../core/column.ts'
import { columnOf } from '../../../core/column-builder.ts'
import { readValue } from '../../../core/column-ops.ts'
import { BIGINT, type Field, STRING, type SqlType, unitsPerMillisecond } from '../../../core/types.ts'
import { JsonDecoder } from '../json/decoder.ts'
import type { JsonOptions } from '../json/options.ts'
import type { Slice } from './envelope.ts'

const SOURCE: SqlType = { kind: 'MAP', key: STRING, value: STRING, nullable: true }
const SCHEMA_FIELDS: readonly Field[] = [{ name: 'schema', type: STRING }]
const PAYLOAD_FIELDS: readonly Field[] = [
  { name: 'ts_ms', type: BIGINT },
  { name: 'source', type: SOURCE },
]

/** Keys of "source", by metadata key. */
const SOURCE_KEYS: Readonly<Record<string, string>> = {
  'source.database': 'db',
  'source.schema': 'schema',
  'source.table': 'table',
  'source.timestamp': 'ts_ms',
}

type Entries = readonly (readonly [string, string | null])[]

interface Event {
  readonly schema: Value
  readonly time: Value
  readonly source: Entries | null
}

export class EventMetadata {
  readonly #wanted: readonly Field[]
  readonly #root: JsonDecoder
  readonly #payload: JsonDecoder
  #rootStarts = new Int32Array(0)
  #rootLengths = new Int32Array(0)
  #payloadStarts = new Int32Array(0)
  #payloadLengths = new Int32Array(0)

  /** @param wanted keys and the types asked for */
  constructor(wanted: readonly Field[], options: JsonOptions) {
    this.#wanted = wanted
    const request = (fields: readonly Field[]) => ({ fields, wanted: fields.map((_, index) => index) })
    this.#root = new JsonDecoder(request(SCHEMA_FIELDS), options)
    this.#payload = new JsonDecoder(request(PAYLOAD_FIELDS), options)
  }

  reset(records: number): void {
    this.#rootStarts = new Int32Array(records)
    this.#rootLengths = new Int32Array(records)
    this.#payloadStarts = new Int32Array(records)
    this.#payloadLengths = new Int32Array(records)
  }

  /** A record whose rows are wanted: where it stands, and where its event does. */
  add(record: number, payload: Slice, start: number, length: number): void {
    this.#rootStarts[record] = start
    this.#rootLengths[record] = length
    this.#payloadStarts[record] = payload.start
    this.#payloadLengths[record] = payload.length
  }

  /** @param recordOf the record of each row */
  read(data: Uint8Array, recordOf: Int32Array, rows: number): Column[] {
    const events = this.#events(data)
    return this.#wanted.map(({ name, type }) =>
      columnOf(
        type,
        Array.from({ length: rows }, (_, row) => metadataValue(events.get(recordOf[row] ?? -1), name, type)),
      ),
    )
  }

  #events(data: Uint8Array): Map<number, Event> {
    const count = this.#rootStarts.length
    const readsSchema = this.#wanted.some(({ name }) => name === 'schema')
    const schemas = new Map<number, Value>()
    if (readsSchema) {
      const { columns, rows, recordOf } = this.#root.decode({
        data,
        starts: this.#rootStarts,
        lengths: this.#rootLengths,
        count,
      })
      for (let row = 0; row < rows; row++) schemas.set(recordOf?.[row] ?? row, valueAt(columns[0], STRING, row))
    }
    const events = new Map<number, Event>()
    const { columns, rows, recordOf } = this.#payload.decode({
      data,
      starts: this.#payloadStarts,
      lengths: this.#payloadLengths,
      count,
    })
    for (let row = 0; row < rows; row++) {
      const record = recordOf?.[row] ?? row
      const time = valueAt(columns[0], BIGINT, row)
      const source = valueAt(columns[1], SOURCE, row) as Entries | null
      events.set(record, { schema: schemas.get(record) ?? null, time, source })
    }
    return events
  }
}

function valueAt(column: Column | undefined, type: SqlType, row: number): Value {
  return column === undefined ? null : readValue(column, type, row)
}

function metadataValue(event: Event | undefined, key: string, type: SqlType): Value {
  if (event === undefined) return null
  switch (key) {
    case 'schema':
      return event.schema
    case 'ingestion-timestamp':
      return timestampValue(event.time as bigint | null, type)
    case 'source.properties':
      return event.source
    default: {
      const name = SOURCE_KEYS[key]
      const text = event.source?.find(([entry]) => entry === name)?.[1] ?? null
      if (key !== 'source.timestamp' || text === null) return text
      if (!/^[+-]?\d{1,18}$/.test(text)) return null
      return timestampValue(BigInt(text), type)
    }
  }
}

function timestampValue(milliseconds: bigint | null, type: SqlType): Value {
  if (milliseconds === null || (type.kind !== 'TIMESTAMP' && type.kind !== 'TIMESTAMP_LTZ')) return null
  return milliseconds * unitsPerMillisecond(type.precision)
}
