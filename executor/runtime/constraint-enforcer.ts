/**
 * What the columns of a sink's table declare, enforced on what is written: NOT NULL
 * (`table.exec.sink.not-null-enforcer`) and lengths (`table.exec.sink.type-length-enforcer`). Lengths are those of the
 * values: a query's own text is cast to the column's type, but a source may hand on more than its table declares.
 */
import { type ChangeBatch, gatherRows } from '../../core/change-batch.ts'
import type { BytesColumn, Column } from '../../core/column.ts'
import { isNull } from '../../core/column-ops.ts'
import { MillraceError } from '../../core/errors.ts'
import { type SqlType, typeToString, withNullability } from '../../core/types.ts'
import type { SinkNode } from '../../planner/physical/graph.ts'

interface LengthConstraint {
  readonly position: number
  readonly name: string
  readonly type: SqlType
  readonly length: number
  /** Of CHAR and BINARY the length is exact. */
  readonly pads: boolean
  readonly isText: boolean
}

export class ConstraintEnforcer {
  readonly #node: SinkNode
  readonly #lengths: readonly LengthConstraint[]

  constructor(node: SinkNode) {
    this.#node = node
    this.#lengths = node.typeLengthEnforcer === undefined ? [] : lengthConstraints(node)
  }

  get isNeeded(): boolean {
    return this.#node.notNull.length > 0 || this.#lengths.length > 0
  }

  /** @throws MillraceError NOT_NULL_VIOLATION, INVALID_ARGUMENT */
  enforce(batch: ChangeBatch): ChangeBatch {
    const kept = this.#enforceNotNull(batch)
    return this.#lengths.length === 0 ? kept : this.#enforceLengths(kept)
  }

  #enforceNotNull(batch: ChangeBatch): ChangeBatch {
    let checked = batch
    for (const position of this.#node.notNull) {
      const column = checked.columns[position]
      if (column === undefined || (column.kind !== 'null' && column.nulls === null)) continue
      const kept = Int32Array.from({ length: checked.rows }, (_, row) => row).filter((row) => !isNull(column, row))
      if (kept.length === checked.rows) continue
      if (this.#node.notNullEnforcer === 'ERROR') throw this.#nullError(position)
      checked = gatherRows(checked, kept, kept.length)
    }
    return checked
  }

  #nullError(position: number): MillraceError {
    const column = this.#node.columns[position] ?? ''
    return new MillraceError(
      'NOT_NULL_VIOLATION',
      `column "${column}" is NOT NULL, but a NULL is to be written into it`,
      {
        at: { table: this.#node.table.path.name, column },
        hint: "SET 'table.exec.sink.not-null-enforcer' = 'DROP' leaves such rows out.",
      },
    )
  }

  #enforceLengths(batch: ChangeBatch): ChangeBatch {
    const columns = [...batch.columns]
    for (const constraint of this.#lengths) {
      const column = columns[constraint.position]
      if (column?.kind === 'bytes') columns[constraint.position] = this.#enforceLength(column, batch.rows, constraint)
    }
    return { ...batch, columns }
  }

  #enforceLength(column: BytesColumn, rows: number, constraint: LengthConstraint): Column {
    const { length, pads, isText } = constraint
    let padded: Map<number, Buffer> | undefined
    let lengths: Int32Array | undefined
    for (let row = 0; row < rows; row++) {
      if (isNull(column, row)) continue
      const start = column.starts[row] as number
      const bytes = column.data.subarray(start, start + (column.lengths[row] as number))
      const given = isText ? characterCount(bytes) : bytes.length
      if (given === length || (given < length && !pads)) continue
      if (this.#node.typeLengthEnforcer === 'ERROR') throw this.#lengthError(constraint, given)
      if (given > length) {
        lengths ??= column.lengths.slice(0, rows)
        lengths[row] = isText ? endOfCharacter(bytes, length) : length
        continue
      }
      padded ??= new Map()
      padded.set(row, Buffer.concat([bytes, Buffer.alloc(length - given, isText ? ' ' : 0)]))
    }
    const trimmed = lengths === undefined ? column : { ...column, lengths }
    return padded === undefined ? trimmed : withValues(trimmed, rows, padded)
  }

  #lengthError({ name, type, isText }: LengthConstraint, given: number): MillraceError {
    const what = isText ? 'text of length' : 'bytes of length'
    return new MillraceError(
      'INVALID_ARGUMENT',
      `column "${name}" is ${typeToString(withNullability(type, true))}, but ${what} ${given} is to be written into it`,
      {
        at: { table: this.#node.table.path.name, column: name },
        hint: "SET 'table.exec.sink.type-length-enforcer' = 'TRIM_PAD' makes it fit, 'IGNORE' writes it as it is.",
        retryable: false,
      },
    )
  }
}

function lengthConstraints(node: SinkNode): LengthConstraint[] {
  return node.columns.flatMap((name, position): LengthConstraint[] => {
    const column = node.table.columns.find((candidate) => candidate.name === name)
    if (column === undefined || column.kind === 'computed') return []
    const { type } = column
    if (type.kind !== 'CHAR' && type.kind !== 'VARCHAR' && type.kind !== 'BINARY' && type.kind !== 'VARBINARY')
      return []
    if (type.length >= 2147483647) return []
    const isText = type.kind === 'CHAR' || type.kind === 'VARCHAR'
    return [{ position, name, type, length: type.length, pads: type.kind === 'CHAR' || type.kind === 'BINARY', isText }]
  })
}

/** Bytes that do not continue a character begin one. */
function beginsCharacter(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) !== 0x80
}

function characterCount(bytes: Uint8Array): number {
  let count = 0
  for (let at = 0; at < bytes.length; at++) if (beginsCharacter(bytes[at])) count++
  return count
}

/** Where the first `count` characters end. */
function endOfCharacter(bytes: Uint8Array, count: number): number {
  let seen = 0
  for (let at = 0; at < bytes.length; at++) if (beginsCharacter(bytes[at]) && seen++ === count) return at
  return bytes.length
}

function withValues(column: BytesColumn, rows: number, values: ReadonlyMap<number, Buffer>): BytesColumn {
  const starts = new Int32Array(rows)
  const lengths = new Int32Array(rows)
  const parts: Uint8Array[] = []
  let size = 0
  for (let row = 0; row < rows; row++) {
    const start = column.starts[row] as number
    const value =
      values.get(row) ??
      column.data.subarray(start, start + (isNull(column, row) ? 0 : (column.lengths[row] as number)))
    starts[row] = size
    lengths[row] = value.length
    size += value.length
    parts.push(value)
  }
  return { kind: 'bytes', starts, lengths, data: Buffer.concat(parts, size), nulls: column.nulls }
}
