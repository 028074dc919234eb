/**
 * CheckedOutput: stands between two operators in tests and debug mode and checks what operators may rely on: schema,
 * row kinds (no row is taken back that is not there), watermark monotony.
 */
import { type ChangeBatch, isRetraction, kindAt, ROW_KIND_NAMES } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import { readValue } from '../../core/column-ops.ts'
import { MillraceError } from '../../core/errors.ts'
import { physicalKind, type SqlType } from '../../core/types.ts'
import type { ChangelogMode } from '../../catalog/connector.ts'
import type { Schema } from '../../core/types.ts'
import { encodeValue } from '../../state/table/value-codec.ts'
import { MIN_WATERMARK, type Output } from './operator.ts'

export interface CheckedOutputOptions {
  readonly schema: Schema
  /** What the operator may emit. */
  readonly changelog: ChangelogMode
  /** Columns by which rows replace each other; needed where `changelog` has no -U. */
  readonly upsertKey?: readonly number[]
}

export class CheckedOutput implements Output {
  readonly #output: Output
  readonly #options: CheckedOutputOptions
  readonly #rowType: SqlType
  /** Rows that are there, with how often; by upsert key where there is no -U. */
  readonly #rows = new Map<string, number>()
  #watermark = MIN_WATERMARK

  constructor(output: Output, options: CheckedOutputOptions) {
    this.#output = output
    this.#options = options
    this.#rowType = { kind: 'ROW', nullable: false, fields: options.schema.fields }
  }

  batch(batch: ChangeBatch): void {
    if (batch.rows === 0) throw broken('an empty batch was emitted')
    this.#checkSchema(batch)
    for (let row = 0; row < batch.rows; row++) this.#checkRow(batch, row)
    this.#output.batch(batch)
  }

  #checkSchema(batch: ChangeBatch): void {
    const { fields } = this.#options.schema
    if (batch.columns.length !== fields.length)
      throw broken(`${batch.columns.length} columns instead of ${fields.length}`)
    for (const [index, field] of fields.entries()) {
      const column = batch.columns[index]
      if (column === undefined || column.kind !== physicalKind(field.type)) {
        throw broken(`column "${field.name}" is ${column?.kind ?? 'missing'} instead of ${physicalKind(field.type)}`)
      }
      if (column.kind !== 'null' && !hasRows(column, batch.rows)) throw broken(`column "${field.name}" is too short`)
      if (!field.type.nullable && column.nulls !== null && column.nulls.subarray(0, batch.rows).includes(1)) {
        throw broken(`column "${field.name}" is NOT NULL and has a NULL`)
      }
    }
    if (batch.kinds !== null && batch.kinds.length < batch.rows) throw broken('there are too few row kinds')
  }

  #checkRow(batch: ChangeBatch, row: number): void {
    const { changelog, upsertKey } = this.#options
    const kind = kindAt(batch, row)
    const allowed = [true, changelog.updateBefore, changelog.updateAfter, changelog.delete][kind]
    if (allowed !== true) throw broken(`a ${ROW_KIND_NAMES[kind]} row was emitted where the plan has none`)
    const values = this.#options.schema.fields.map((field, index) =>
      readValue(batch.columns[index] as Column, field.type, row),
    )
    const text = Buffer.from(encodeValue(values, this.#rowType)).toString('latin1')
    if (changelog.updateAfter && !changelog.updateBefore) {
      const key = JSON.stringify((upsertKey ?? []).map((index) => String(values[index])))
      const known = this.#rows.has(key)
      if (isRetraction(kind) && !known) throw broken(`${describe(kind, values)} deletes a key that is not there`)
      if (isRetraction(kind)) this.#rows.delete(key)
      else this.#rows.set(key, 1)
      return
    }
    const count = (this.#rows.get(text) ?? 0) + (isRetraction(kind) ? -1 : 1)
    if (count < 0) throw broken(`${describe(kind, values)} takes back a row that is not there`)
    if (count === 0) this.#rows.delete(text)
    else this.#rows.set(text, count)
  }

  /** The operator begins again from a checkpoint: its watermark may repeat, what it has emitted stays. */
  restart(): void {
    this.#watermark = MIN_WATERMARK
  }

  watermark(time: number): void {
    if (time <= this.#watermark) throw broken(`watermark ${time} follows ${this.#watermark}`)
    this.#watermark = time
    this.#output.watermark(time)
  }
}

function hasRows(column: Column, rows: number): boolean {
  switch (column.kind) {
    case 'bytes':
    case 'list':
    case 'map':
      return column.starts.length >= rows && column.lengths.length >= rows
    case 'row':
    case 'null':
      return true
    case 'i128':
      return column.values.length >= 2 * rows
    default:
      return column.values.length >= rows
  }
}

function describe(kind: number, values: readonly unknown[]): string {
  return `${ROW_KIND_NAMES[kind as 0]} ${values.map(String).join(' ')}`
}

function broken(message: string): MillraceError {
  return new MillraceError('INTERNAL_ERROR', `an operator broke its contract: ${message}`)
}
