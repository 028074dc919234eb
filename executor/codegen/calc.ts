/** Compiles a filter and projections: rows are selected first, then their columns are taken along or computed. */
import { type ChangeBatch, createBatch } from '../../core/change-batch.ts'
import type { Column, NullMask, Value } from '../../core/column.ts'
import { columnOf } from '../../core/column-builder.ts'
import { gatherColumn, gatherNulls, readValue } from '../../core/column-ops.ts'
import { physicalKind, type Schema } from '../../core/types.ts'
import type { Expression } from '../../planner/expression.ts'
import type { Environment } from '../functions/function.ts'
import { type CompiledKernel, compileKernel, type KernelSpec } from './kernel.ts'
import { type Leaf, leafColumn, leafOf, noneIsNull } from './leaf-column.ts'

export type Calc = (batch: ChangeBatch) => ChangeBatch

/** The arrays that kernels work with, for batches of up to so many rows. */
class Buffers {
  zeros = new Uint8Array(4096)
  selection = new Int32Array(4096)

  reserve(rows: number): void {
    if (this.zeros.length >= rows) return
    this.zeros = new Uint8Array(rows)
    this.selection = new Int32Array(rows)
  }
}

/**
 * @param condition rows for which it is not TRUE are dropped
 * @returns a function that keeps the row kinds. Its result is valid until the next call, and shares the buffers of
 *   input columns that are passed on. Errors of the expressions (CAST_FAILED, DIVISION_BY_ZERO …) are thrown from it
 */
export function compileCalc(
  condition: Expression | undefined,
  projections: readonly Expression[],
  output: Schema,
  environment: Environment,
): Calc {
  const { first, rest } = splitCondition(condition)
  const leaves = projections.map(leafOf)
  const computed = projections.filter((_, index) => leaves[index] === undefined)
  const given = first.length > 0
  const select = given ? kernelRunner({ conditions: first, computed: [], environment, given: false }) : undefined
  const compute =
    rest.length > 0 || computed.length > 0
      ? kernelRunner({ conditions: rest, computed, environment, given })
      : () => undefined
  const buffers = new Buffers()
  const gather = gatherer(leaves)
  return (batch) => {
    buffers.reserve(batch.rows)
    const selected = select?.(batch, batch.rows, buffers)?.rows ?? batch.rows
    const result = compute(batch, selected, buffers)
    const rows = result?.rows ?? selected
    const all = rows === batch.rows
    const passed = gather(batch, all ? undefined : buffers.selection, rows)
    let next = 0
    const columns = passed.map((column) => column ?? (result?.columns[next++] as Column))
    return createBatch(output, columns, rows, all ? batch.kinds : gatherKinds(batch.kinds, buffers.selection, rows))
  }
}

/**
 * The conditions of an AND: those before the first that is more than comparing numbers of the input with literals, and
 * the rest. What they select first may have no NULLs where the batch has some: the fields of one kind of event.
 */
function splitCondition(condition: Expression | undefined): {
  readonly first: readonly Expression[]
  readonly rest: readonly Expression[]
} {
  const conditions = condition === undefined ? [] : conjunctionOf(condition)
  const end = conditions.findIndex((test) => !isPlainTest(test))
  return end < 0 ? { first: conditions, rest: [] } : { first: conditions.slice(0, end), rest: conditions.slice(end) }
}

function conjunctionOf(condition: Expression): readonly Expression[] {
  return condition.kind === 'call' && condition.function === 'AND' ? condition.args.flatMap(conjunctionOf) : [condition]
}

const COMPARISONS = new Set(['=', '<>', '<', '<=', '>', '>='])

function isPlainTest(condition: Expression): boolean {
  if (condition.kind !== 'call' || !COMPARISONS.has(condition.function)) return false
  return condition.args.every(
    (arg) =>
      (arg.kind === 'input' && ['i8', 'i16', 'i32', 'i64', 'f32', 'f64'].includes(physicalKind(arg.type))) ||
      arg.kind === 'literal',
  )
}

type Run = (
  batch: ChangeBatch,
  count: number,
  buffers: Buffers,
) => { readonly rows: number; readonly columns: readonly Column[] } | undefined

/** Two loops, each made when it is first needed: one for batches without NULLs, which then looks for none. */
function kernelRunner(spec: KernelSpec): Run {
  const plain = compileKernel(spec, true)
  let general: CompiledKernel | undefined
  return (batch, count, { zeros, selection }) => {
    const columns = plain.leaves.map((leaf) => leafColumn(batch, leaf))
    if (noneIsNull(columns, spec.given ? selection : undefined, count)) {
      return plain.run(columns, zeros, selection, count, selection)
    }
    general ??= compileKernel(spec, false)
    const same = general.leaves.map((leaf) => leafColumn(batch, leaf))
    return general.run(same, zeros, selection, count, selection)
  }
}

/** Takes along the columns that are passed on, undefined for the others; its arrays are used again. */
function gatherer(
  leaves: readonly (Leaf | undefined)[],
): (batch: ChangeBatch, selection: Int32Array | undefined, rows: number) => (Column | undefined)[] {
  const reused: (Column | undefined)[] = []
  return (batch, selection, rows) => {
    let [mask, gathered]: [NullMask, NullMask] = [null, null]
    return leaves.map((leaf, index) => {
      if (leaf === undefined) return undefined
      const column = leafColumn(batch, leaf)
      if (selection === undefined || column.kind === 'null') return column
      if (column.nulls !== mask) [mask, gathered] = [column.nulls, gatherNulls(column.nulls, selection, rows)]
      reused[index] = gatherColumn({ ...column, nulls: null }, selection, rows, reused[index])
      return column.nulls === null ? reused[index] : ({ ...reused[index], nulls: gathered } as Column)
    })
  }
}

/** A single expression over a batch, as a column. */
export function compileScalar(expression: Expression, environment: Environment): (batch: ChangeBatch) => Column {
  const schema: Schema = { fields: [{ name: 'value', type: expression.type }] }
  const calc = compileCalc(undefined, [expression], schema, environment)
  return (batch) => calc(batch).columns[0] as Column
}

function gatherKinds(kinds: Uint8Array | null, selection: Int32Array, rows: number): Uint8Array | null {
  if (kinds === null) return null
  const out = new Uint8Array(rows)
  for (let row = 0; row < rows; row++) out[row] = kinds[selection[row] as number] as number
  return out
}

/** One row of no columns: what constants are evaluated over. */
export const SINGLE_ROW: ChangeBatch = { schema: { fields: [] }, rows: 1, columns: [], kinds: null }

/** A batch of constant rows. */
export function valuesBatch(
  rows: readonly (readonly Expression[])[],
  schema: Schema,
  environment: Environment,
): ChangeBatch {
  const columns = schema.fields.map((field, index) => {
    const values = rows.map((row): Value => {
      const expression = row[index]
      if (expression === undefined) return null
      return readValue(compileScalar(expression, environment)(SINGLE_ROW), expression.type, 0)
    })
    return columnOf(field.type, values)
  })
  return createBatch(schema, columns, rows.length)
}
