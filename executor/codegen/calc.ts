/** Compiles a filter and projections into one function over a batch: a single loop over typed arrays. */
import { type ChangeBatch, createBatch } from '../../core/change-batch.ts'
import type { Column, Value } from '../../core/column.ts'
import { columnOf } from '../../core/column-builder.ts'
import { invariant } from '../../core/errors.ts'
import { decodeText, gatherColumn, readInt128, readValue, writeInt128 } from '../../core/column-ops.ts'
import { type PhysicalKind, physicalKind, type Schema, type SqlType } from '../../core/types.ts'
import type { Expression } from '../../planner/expression.ts'
import type { Environment } from '../functions/function.ts'
import { findFunction } from '../functions/index.ts'
import {
  ByteArena,
  byteOffsetOf,
  compareBytes,
  copyBytes,
  countCharacters,
  equalBytes,
  findBytes,
  isAscii,
} from './byte-arena.ts'
import type { Fragment, ScalarFragment } from './fragment.ts'
import { arraysOf, fieldOfInput, Generator } from './generator.ts'

export type Calc = (batch: ChangeBatch) => ChangeBatch

/** A 64-bit number, and the same as two of 32 bits: a BigInt becomes a number here at a tenth of what `Number` costs. */
const word = new BigInt64Array(1)

/** What generated code may call. */
export const SUPPORT = {
  ByteArena,
  byteOffsetOf,
  columnOf,
  compareBytes,
  copyBytes,
  countCharacters,
  decodeText,
  equalBytes,
  fieldColumn,
  findBytes,
  halves: new Int32Array(word.buffer),
  isAscii,
  readInt128,
  readValue,
  word,
  writeInt128,
}

type Kernel = (
  batch: ChangeBatch,
  zeros: Uint8Array,
  selection: Int32Array,
) => { rows: number; columns: readonly (Column | null)[] }

interface CompiledKernel {
  readonly run: Kernel
  /** Positions of the columns that it reads. */
  readonly inputs: readonly number[]
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
  const kernelFor = kernelChoice(condition, projections, environment)
  let zeros = new Uint8Array(4096)
  let selection = new Int32Array(4096)
  const passed: (Column | undefined)[] = []
  return (batch) => {
    if (zeros.length < batch.rows) zeros = new Uint8Array(batch.rows)
    if (selection.length < batch.rows) selection = new Int32Array(batch.rows)
    const { rows, columns } = kernelFor(batch)(batch, zeros, selection)
    const all = rows === batch.rows
    const finished = columns.map((column, index) => {
      if (column !== null) return column
      const source = passedOn(projections[index] as Expression, batch)
      return all ? source : (passed[index] = gatherColumn(source, selection, rows, passed[index]))
    })
    return createBatch(output, finished, rows, all ? batch.kinds : gatherKinds(batch.kinds, selection, rows))
  }
}

/** Two loops, each made when it is first needed: one for batches without NULLs, which then looks for none. */
function kernelChoice(
  condition: Expression | undefined,
  projections: readonly Expression[],
  environment: Environment,
): (batch: ChangeBatch) => Kernel {
  const plain = compileKernel(condition, projections, environment, true)
  let general: CompiledKernel | undefined
  return (batch) => {
    if (plain.inputs.every((index) => hasNoNulls(batch.columns[index] as Column))) return plain.run
    general ??= compileKernel(condition, projections, environment, false)
    return general.run
  }
}

function hasNoNulls(column: Column): boolean {
  return column.kind !== 'null' && column.nulls === null
}

/** A column of the input, or of a field below one, as it is. */
function passedOn(expression: Expression, batch: ChangeBatch): Column {
  if (expression.kind === 'input') return batch.columns[expression.index] as Column
  const field = fieldOfInput(expression)
  invariant(field !== undefined, 'only columns and their fields are passed on')
  return fieldColumn(batch.columns[field.input.index] as Column, field.path, batch.rows, expression.type)
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

/** The column of a field below an input column; a NULL row makes its fields NULL. */
function fieldColumn(column: Column, path: readonly number[], rows: number, type: SqlType): Column {
  let at = column
  for (const index of path) {
    const child = at.kind === 'row' ? at.fields[index] : undefined
    if (at.kind !== 'row' || child === undefined || child.kind === 'null') return nullColumn(type, rows)
    at = at.nulls === null ? child : { ...child, nulls: mergeNulls(at.nulls, child.nulls, rows) }
  }
  return at
}

function nullColumn(type: SqlType, rows: number): Column {
  return columnOf(
    type,
    Array.from({ length: rows }, () => null),
  )
}

function mergeNulls(outer: Uint8Array, inner: Uint8Array | null, rows: number): Uint8Array {
  if (inner === null) return outer
  const merged = new Uint8Array(rows)
  for (let row = 0; row < rows; row++) merged[row] = (outer[row] as number) | (inner[row] as number)
  return merged
}

function compileKernel(
  condition: Expression | undefined,
  projections: readonly Expression[],
  environment: Environment,
  noNulls: boolean,
): CompiledKernel {
  const generator = new Generator({ environment, findFunction, noNulls })
  const computed = projections.flatMap((expression, index) =>
    isColumn(expression) && !isSelected(expression, condition) ? [] : [{ expression, index }],
  )
  const { code: loop, result: outputs } = generator.capture(() => {
    if (condition !== undefined) {
      const test = generator.compile(condition) as ScalarFragment
      generator.line(`if (!(${test.value})) continue;`)
      generator.line('selection[k] = i;')
    }
    const written = computed.map(({ expression, index }) => {
      const fragment = generator.compile(expression)
      const output = outputCode(`o${index}`, expression.type, fragment, generator)
      generator.line(output.store)
      return { ...output, index }
    })
    generator.line('k++;')
    return written
  })
  const columns = projections.map((_, index) => outputs.find((output) => output.index === index)?.column ?? 'null')
  const needsLoop = condition !== undefined || outputs.length > 0
  const body = [
    ...inputCode(generator),
    `if (capacity < rows) { capacity = rows; ${outputs.map((output) => output.allocate).join(' ')} }`,
    ...outputs.map((output) => output.prepare),
    'arena.clear();',
    ...generator.prologue,
    'let k = 0;',
    needsLoop ? `for (let i = 0; i < rows; i++) {\n${loop}\n}` : 'k = rows;',
    `return { rows: k, columns: [${columns.join(', ')}] };`,
  ].join('\n')
  const constants = generator.constants.map((_, index) => `c${index}`)
  const support = Object.keys(SUPPORT)
  const factory = new Function(
    ...support,
    ...constants,
    `'use strict';
const arena = new ByteArena();
let capacity = 0;
${outputs.map((output) => output.declare).join('\n')}
return function calc(batch, zeros, selection) {\nconst rows = batch.rows;\n${body}\n}`,
  ) as (...values: unknown[]) => Kernel
  const run = factory(...Object.values(SUPPORT), ...generator.constants)
  return { run, inputs: [...generator.inputs.keys()] }
}

function isColumn(expression: Expression): boolean {
  return expression.kind === 'input' || fieldOfInput(expression) !== undefined
}

/** Whether rows of an input column are picked in the loop; nested columns are gathered afterwards. */
function isSelected(expression: Expression, condition: Expression | undefined): boolean {
  const kind = physicalKind(expression.type)
  return condition !== undefined && kind !== 'list' && kind !== 'map' && kind !== 'row' && kind !== 'null'
}

function inputCode(generator: Generator): string[] {
  return [...generator.inputs].map(
    ([index, type]) => `const col${index} = batch.columns[${index}]; ${arraysOf(`${index}`, `col${index}`, type)}`,
  )
}

const ARRAYS: Readonly<Partial<Record<PhysicalKind, string>>> = {
  bool: 'Uint8Array',
  i8: 'Int8Array',
  i16: 'Int16Array',
  i32: 'Int32Array',
  i64: 'BigInt64Array',
  f32: 'Float32Array',
  f64: 'Float64Array',
}

interface OutputCode {
  /** Variables that live as long as the function. */
  readonly declare: string
  /** Makes the arrays for `rows` rows. */
  readonly allocate: string
  /** Once a batch. */
  readonly prepare: string
  readonly store: string
  /** An expression for the finished column. */
  readonly column: string
}

function outputCode(name: string, type: SqlType, fragment: Fragment, generator: Generator): OutputCode {
  const kind = physicalKind(type)
  const nullable = fragment.isNull !== '0'
  const prepare = nullable ? `let ${name}a = 0;` : ''
  const allocateNulls = nullable ? `${name}n = new Uint8Array(rows);` : ''
  const storeNull = nullable ? `${name}a |= ${name}n[k] = ${fragment.isNull};` : ''
  const mask = nullable ? `${name}a === 0 ? null : ${name}n` : 'null'
  if (fragment.representation === 'view') {
    const { store, data } = viewStore(name, fragment)
    return {
      declare: `let ${name}s, ${name}l, ${name}n;`,
      allocate: `${name}s = new Int32Array(rows); ${name}l = new Int32Array(rows); ${allocateNulls}`,
      prepare,
      store: `${storeNull} ${store}`,
      column: `{ kind: 'bytes', starts: ${name}s, lengths: ${name}l, data: ${data}, nulls: ${mask} }`,
    }
  }
  const array = kind === 'i128' ? 'BigInt64Array' : ARRAYS[kind]
  if (array === undefined) {
    return {
      declare: '',
      allocate: '',
      prepare: `const ${name} = [];`,
      store: `${name}.push(${generator.asValue(fragment, true)});`,
      column: `columnOf(${generator.constant(type)}, ${name})`,
    }
  }
  const value = kind === 'bool' ? `${fragment.value} ? 1 : 0` : fragment.value
  const store = kind === 'i128' ? `writeInt128(${name}, k, ${value});` : `${name}[k] = ${value};`
  return {
    declare: `let ${name}, ${name}n;`,
    allocate: `${name} = new ${array}(${kind === 'i128' ? '2 * rows' : 'rows'}); ${allocateNulls}`,
    prepare,
    store: `${storeNull} ${store}`,
    column: `{ kind: '${kind}', values: ${name}, nulls: ${mask} }`,
  }
}

function viewStore(name: string, view: Extract<Fragment, { representation: 'view' }>): { store: string; data: string } {
  if (view.source?.kind === 'column') {
    return { store: `${name}s[k] = ${view.start}; ${name}l[k] = ${view.length};`, data: view.source.name }
  }
  if (view.source?.kind === 'arena') {
    return { store: `${name}s[k] = ${view.start}; ${name}l[k] = ${view.length};`, data: 'arena.data' }
  }
  const copy = `arena.putView(${view.data}, ${view.start}, ${view.length}); ${name}s[k] = arena.start; ${name}l[k] = arena.size - arena.start;`
  const empty = `${name}s[k] = 0; ${name}l[k] = 0;`
  return {
    store: view.isNull === '0' ? copy : `if (${view.isNull} === 0) { ${copy} } else { ${empty} }`,
    data: 'arena.data',
  }
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
