/** A table function in JavaScript: for each row it returns, or yields, the rows that belong to it. */
import type { ChangeBatch } from '../../core/change-batch.ts'
import type { Value } from '../../core/column.ts'
import { columnOf } from '../../core/column-builder.ts'
import { readValue } from '../../core/column-ops.ts'
import { invariant } from '../../core/errors.ts'
import { rowValueReader, rowValueWriter } from '../../core/row-value.ts'
import { type Schema, typeToString, withNullability } from '../../core/types.ts'
import type { TableInvocation } from '../../planner/physical/graph.ts'
import type { UserFunction } from '../../catalog/function.ts'
import { callFailed, loadUserCode, wrongResult } from '../functions/user-code.ts'
import type { Expansion, TableFunction } from './correlate.ts'

/** One row that the function made, as it gave it. */
type WriteRow = (row: unknown) => readonly Value[] | undefined

/** A table function as it is called row by row. */
export interface UserTableCall {
  /** Undefined where a NULL is given for a parameter that takes none: the function is not called then. */
  argumentsAt(batch: ChangeBatch, row: number): unknown[] | undefined
  /** @throws MillraceError FUNCTION_FAILED */
  rowsOf(given: readonly unknown[]): (readonly Value[])[]
}

/** @param columns of the input that are the arguments */
export function userTableCall(user: UserFunction, columns: readonly number[], input: Schema): UserTableCall {
  const code = loadUserCode(user.source, user.path.name)
  const write = rowWriter(user.result.map(({ name, type }) => ({ name, write: rowValueWriter(type) })))
  const args = columns.map((column, index) => {
    const type = input.fields[column]?.type
    invariant(type !== undefined, 'an argument is a column')
    return { column, type, read: rowValueReader(type), required: user.parameters[index]?.type.nullable === false }
  })
  const expected = `row of (${user.result.map(({ name, type }) => `${name} ${typeToString(type)}`).join(', ')})`

  const argumentsAt = (batch: ChangeBatch, row: number): unknown[] | undefined => {
    const given: unknown[] = []
    for (const { column, type, read, required } of args) {
      const source = batch.columns[column]
      const value = source === undefined ? null : readValue(source, type, row)
      if (value === null && required) return undefined
      given.push(read(value))
    }
    return given
  }

  const rowsOf = (given: readonly unknown[]): (readonly Value[])[] => {
    let item: unknown
    try {
      const made: (readonly Value[])[] = []
      for (item of iterate(code(...given))) {
        const row = write(item)
        if (row === undefined) throw WRONG
        made.push(row)
      }
      return made
    } catch (error) {
      throw error === WRONG ? wrongResult(user, given, item, expected) : callFailed(user, given, error)
    }
  }

  return { argumentsAt, rowsOf }
}

export function createUserTableFunction(
  invocation: Extract<TableInvocation, { kind: 'user' }>,
  input: Schema,
): TableFunction {
  const user = invocation.function
  const { argumentsAt, rowsOf } = userTableCall(user, invocation.args, input)
  return (batch, outer): Expansion => {
    const rows: number[] = []
    const values: Value[][] = user.result.map(() => [])
    const add = (row: number, made: readonly Value[]): void => {
      rows.push(row)
      for (const [index, column] of values.entries()) column.push(made[index] ?? null)
    }
    for (let row = 0; row < batch.rows; row++) {
      const given = argumentsAt(batch, row)
      const made = given === undefined ? [] : rowsOf(given)
      for (const item of made) add(row, item)
      if (made.length === 0 && outer) add(row, [])
    }
    const columns = user.result.map(({ type }, index) => columnOf(withNullability(type, true), values[index] ?? []))
    return { rows: Int32Array.from(rows), count: rows.length, columns }
  }
}

const WRONG = new Error('not a row of the result')

/** NULL and undefined are no rows. */
function iterate(result: unknown): Iterable<unknown> {
  if (result === null || result === undefined) return []
  if (typeof result === 'object' && Symbol.iterator in result) return result as Iterable<unknown>
  throw new TypeError('a table function returns an iterable of rows, such as an array, or is a generator')
}

/** A row is an object by column names or an array; of one column also its value alone. */
function rowWriter(
  columns: readonly { readonly name: string; readonly write: (value: unknown) => Value | undefined }[],
): WriteRow {
  const [only] = columns.length === 1 ? columns : []
  return (row) => {
    const single = only?.write(row)
    if (single !== undefined) return [single]
    const isList = Array.isArray(row)
    if (typeof row !== 'object' || row === null || (isList && row.length !== columns.length)) return undefined
    const written: Value[] = []
    for (const [index, { name, write }] of columns.entries()) {
      const value = write(isList ? (row as unknown[])[index] : (row as Record<string, unknown>)[name])
      if (value === undefined) return undefined
      written.push(value)
    }
    return written
  }
}
