/** Kernels: the generated loop over the rows of a batch, with the conditions and the computed columns. */
import type { Column } from '../../core/column.ts'
import { type PhysicalKind, physicalKind, type SqlType } from '../../core/types.ts'
import type { Expression } from '../../planner/expression.ts'
import type { Environment } from '../functions/function.ts'
import { findFunction } from '../functions/index.ts'
import type { Fragment, ScalarFragment } from './fragment.ts'
import { arraysOf, Generator } from './generator.ts'
import type { Leaf } from './leaf-column.ts'
import { SUPPORT } from './support.ts'

/**
 * @param leaves the columns of `CompiledKernel.leaves`
 * @param zeros a NULL mask without NULLs
 * @param given the rows to look at, where the kernel was made for that; else the first `count` are
 * @param selection receives the rows that fulfil the conditions; may be `given`
 * @returns the number of such rows, and the computed columns
 */
export type Kernel = (
  leaves: readonly Column[],
  zeros: Uint8Array,
  given: Int32Array,
  count: number,
  selection: Int32Array,
) => { readonly rows: number; readonly columns: readonly Column[] }

export interface CompiledKernel {
  readonly run: Kernel
  readonly leaves: readonly Leaf[]
}

export interface KernelSpec {
  /** Rows for which one is not TRUE are dropped; they are evaluated in this order. */
  readonly conditions: readonly Expression[]
  readonly computed: readonly Expression[]
  readonly environment: Environment
  /** Not all rows are looked at. */
  readonly given: boolean
}

/** @param noNulls for batches in which the rows that are looked at have no NULL in any of the leaves */
export function compileKernel(spec: KernelSpec, noNulls: boolean): CompiledKernel {
  const generator = new Generator({ environment: spec.environment, findFunction, noNulls, searchesOnce: true })
  const { code, result: outputs } = generator.capture(() => writeRow(generator, spec))
  const body = [
    ...[...generator.leaves].map(
      ([suffix, { type }], at) => `const col${suffix} = leaves[${at}]; ${arraysOf(suffix, `col${suffix}`, type)}`,
    ),
    `if (capacity < count) { capacity = count; ${outputs.map((output) => output.allocate).join(' ')} }`,
    ...outputs.map((output) => output.prepare),
    'arena.clear();',
    ...generator.prologue,
    loop(spec, [...generator.rowStart, code].join('\n')),
    `return { rows: k, columns: [${outputs.map((output) => output.column).join(', ')}] };`,
  ].join('\n')
  const constants = generator.constants.map((_, index) => `c${index}`)
  const factory = new Function(
    ...Object.keys(SUPPORT),
    ...constants,
    `'use strict';
const arena = new ByteArena();
let capacity = 0;
${outputs.map((output) => output.declare).join('\n')}
return function calc(leaves, zeros, given, count, selection) {\n${body}\n}`,
  ) as (...values: unknown[]) => Kernel
  const run = factory(...Object.values(SUPPORT), ...generator.constants)
  return { run, leaves: [...generator.leaves.values()] }
}

function writeRow(generator: Generator, { conditions, computed }: KernelSpec): OutputCode[] {
  for (const condition of conditions) {
    const test = generator.compile(condition) as ScalarFragment
    generator.line(`if (!(${test.value})) continue;`)
  }
  if (conditions.length > 0) generator.line('selection[k] = i;')
  return computed.map((expression, index) => {
    const output = outputCode(`o${index}`, expression.type, generator.compile(expression), generator)
    generator.line(output.store)
    return output
  })
}

/** `i` is the row that is read, `k` the one that is written. */
function loop({ conditions, given }: KernelSpec, code: string): string {
  if (conditions.length === 0) {
    return `let k = 0;\nfor (; k < count; k++) {\nconst i = ${given ? 'given[k]' : 'k'};\n${code}\n}`
  }
  return `let k = 0;\nfor (let j = 0; j < count; j++) {\nconst i = ${given ? 'given[j]' : 'j'};\n${code}\nk++;\n}`
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
  const allocateNulls = nullable ? `${name}n = new Uint8Array(capacity);` : ''
  const storeNull = nullable ? `${name}a |= ${name}n[k] = ${fragment.isNull};` : ''
  const mask = nullable ? `${name}a === 0 ? null : ${name}n` : 'null'
  if (fragment.representation === 'view') {
    const { store, data } = viewStore(name, fragment)
    return {
      declare: `let ${name}s, ${name}l, ${name}n;`,
      allocate: `${name}s = new Int32Array(capacity); ${name}l = new Int32Array(capacity); ${allocateNulls}`,
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
  return {
    declare: `let ${name}, ${name}n, ${name}h;`,
    allocate: `${name} = new ${array}(${kind === 'i128' ? '2 * capacity' : 'capacity'}); ${kind === 'i64' ? `${name}h = new Int32Array(${name}.buffer);` : ''} ${allocateNulls}`,
    prepare,
    store: `${storeNull} ${scalarStore(name, kind, fragment)}`,
    column: `{ kind: '${kind}', values: ${name}, nulls: ${mask} }`,
  }
}

function scalarStore(name: string, kind: PhysicalKind, { value, narrow, number, halves }: ScalarFragment): string {
  if (kind === 'bool') return `${name}[k] = ${value} ? 1 : 0;`
  if (kind === 'i64' && number !== undefined) {
    return `${name}h[2 * k] = ${number}; ${name}h[2 * k + 1] = Math.floor(${number} / 4294967296);`
  }
  if (kind === 'i64' && halves !== undefined) {
    return `${name}h[2 * k] = ${halves.low}; ${name}h[2 * k + 1] = ${halves.high};`
  }
  if (kind !== 'i128') return `${name}[k] = ${value};`
  const wide = `writeInt128(${name}, k, ${value});`
  if (narrow === undefined) return wide
  return `if (${narrow.fits}) { ${name}[2 * k] = ${narrow.value}; ${name}[2 * k + 1] = BigInt.asIntN(64, ${narrow.value} >> 63n); } else { ${wide} }`
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
