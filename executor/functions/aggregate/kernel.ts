/** Puts loops around the code of columnar aggregates. Loops are shared by everyone who needs the same one. */
import type { Column } from '../../../core/column.ts'
import type { PhysicalKind } from '../../../core/types.ts'
import { type FixedArray, type StoredColumn } from '../../../state/table/stored-column.ts'
import type { ColumnarAggregate, ResultCode } from './aggregate-function.ts'
import { SUPPORT } from './support.ts'

/** What happens to a row's group. */
export const SKIP = 0
export const FIRST = 1
export const UPDATE = 2
export const LAST = 3

/** Where results go: fixed values, or views into the state's bytes. */
export interface ResultArrays {
  readonly values: FixedArray | null
  readonly words: Int32Array | null
  readonly starts: Int32Array | null
  readonly lengths: Int32Array | null
  readonly nulls: Uint8Array | null
}

/**
 * @param rows group of each batch row
 * @param mask 1 for rows that count, null: all
 * @param actions see `SKIP` …; null: no row retracts
 * @param out at 2i the result before row i, at 2i + 1 the one after it; null: not wanted
 * @param changed set to 1 where the two differ
 */
export type UpdateKernel = (
  count: number,
  rows: Int32Array,
  args: readonly Column[],
  mask: Uint8Array | null,
  actions: Uint8Array | null,
  kinds: Uint8Array | null,
  states: readonly StoredColumn[],
  out: ResultArrays | null,
  changed: Uint8Array,
) => void

/** A column of groups that are not in a table; with `words` where it is of 128 bits. */
export type MergeSource = Column | { readonly values: BigInt64Array; readonly words: Int32Array }

export type MergeKernel = (
  count: number,
  rows: Int32Array,
  sourceRows: Int32Array,
  states: readonly StoredColumn[],
  sources: readonly (StoredColumn | MergeSource)[],
) => void

export type ResultKernel = (count: number, rows: Int32Array, states: readonly StoredColumn[], out: ResultArrays) => void

const kernels = new Map<string, unknown>()

function compile(code: string): unknown {
  const known = kernels.get(code)
  if (known !== undefined) return known
  const made: unknown = new Function('support', code)(SUPPORT)
  kernels.set(code, made)
  return made
}

export interface UpdateVariant {
  readonly argumentKinds: readonly PhysicalKind[]
  readonly argumentNulls: readonly boolean[]
  readonly resultKind: PhysicalKind
  readonly masked: boolean
  readonly retracts: boolean
  readonly emits: boolean
}

export function updateKernel(aggregate: ColumnarAggregate, variant: UpdateVariant): UpdateKernel {
  const { state, result } = aggregate
  const { retracts, emits, resultKind } = variant
  const nullTests = variant.argumentNulls.flatMap((nullable, n) => (nullable ? [`an${n}[i] === 0`] : []))
  const tests = [...(variant.masked ? ['mask[i] === 1'] : []), ...nullTests]
  const step = retracts
    ? `if (kinds !== null && (kinds[i] & 1) === 1) { ${aggregate.retract ?? ''} } else { ${aggregate.accumulate} }`
    : aggregate.accumulate
  const apply = tests.length === 0 ? `{ ${step} }` : `if (${tests.join(' && ')}) { ${step} }`
  const reset = state.map((kind, n) => resetCode(kind, n)).join(' ')
  return compile(`return function update(count, rows, args, mask, actions, kinds, states, out, changed) {
    ${variant.argumentKinds.map((kind, n) => argumentCode(kind, n, variant.argumentNulls[n] === true)).join('\n')}
    ${state.map((kind, n) => stateCode(kind, n, 's', 'w', 'states')).join('\n')}
    ${emits ? outputCode(resultKind, result) : ''}
    for (let i = 0; i < count; i++) {
      ${retracts ? `const act = actions === null ? ${UPDATE} : actions[i]; if (act === ${SKIP}) continue` : ''}
      const r = rows[i]
      ${emits ? writeCode(resultKind, result, '2 * i') : ''}
      ${retracts ? `if (act === ${LAST}) { ${reset} continue }` : ''}
      ${apply}
      ${emits ? writeCode(resultKind, result, '2 * i + 1') : ''}
      ${emits ? `if (${differCode(resultKind, result)}) changed[i] = 1` : ''}
    }
  }`) as UpdateKernel
}

export function mergeKernel(aggregate: ColumnarAggregate): MergeKernel {
  return compile(`return function merge(count, rows, sourceRows, states, sources) {
    ${aggregate.state.map((kind, n) => stateCode(kind, n, 's', 'w', 'states')).join('\n')}
    ${aggregate.state.map((kind, n) => stateCode(kind, n, 'u', 'x', 'sources')).join('\n')}
    for (let i = 0; i < count; i++) {
      const r = rows[i], q = sourceRows[i]
      ${aggregate.merge}
    }
  }`) as MergeKernel
}

export function resultKernel(aggregate: ColumnarAggregate, resultKind: PhysicalKind): ResultKernel {
  return compile(`return function results(count, rows, states, out) {
    ${aggregate.state.map((kind, n) => stateCode(kind, n, 's', 'w', 'states')).join('\n')}
    ${outputCode(resultKind, aggregate.result)}
    for (let i = 0; i < count; i++) {
      const r = rows[i]
      ${writeCode(resultKind, aggregate.result, 'i')}
    }
  }`) as ResultKernel
}

function argumentCode(kind: PhysicalKind, n: number, nullable: boolean): string {
  const nulls = nullable ? `const an${n} = args[${n}].nulls` : ''
  switch (kind) {
    case 'bytes':
      return `const a${n}s = args[${n}].starts, a${n}l = args[${n}].lengths, a${n}d = args[${n}].data; ${nulls}`
    case 'i64':
    case 'i128':
      return `const a${n} = args[${n}].values, v${n} = new Int32Array(a${n}.buffer, a${n}.byteOffset, a${n}.length * 2); ${nulls}`
    case 'list':
    case 'map':
    case 'row':
    case 'null':
      return nulls
    default:
      return `const a${n} = args[${n}].values; ${nulls} // ${kind}`
  }
}

function stateCode(kind: string, n: number, array: string, words: string, from: string): string {
  const upper = array.toUpperCase()
  if (kind === 'bytes') {
    return `const ${upper}${n} = ${from}[${n}], ${array}${n}s = ${upper}${n}.starts, ${array}${n}l = ${upper}${n}.lengths; let ${array}${n}d = ${upper}${n}.data`
  }
  const wide = kind === 'i128' ? `, ${words}${n} = ${from}[${n}].words` : ''
  return `const ${array}${n} = ${from}[${n}].values${wide} // ${kind}`
}

function resetCode(kind: string, n: number): string {
  switch (kind) {
    case 'bytes':
      return `S${n}.set(r, s${n}d, 0, 0);`
    case 'i64':
      return `s${n}[r] = 0n;`
    case 'i128':
      return `s${n}[2 * r] = 0n; s${n}[2 * r + 1] = 0n;`
    default:
      return `s${n}[r] = 0;`
  }
}

function outputCode(kind: PhysicalKind, result: ResultCode): string {
  const nulls = result.isNull === undefined ? '' : 'const on = out.nulls;'
  if (kind === 'bytes') return `const os = out.starts, ol = out.lengths; ${nulls}`
  return `const o = out.values, ow = out.words; ${nulls} // ${kind}`
}

function writeCode(kind: PhysicalKind, result: ResultCode, at: string): string {
  const value = valueCode(kind, result, at)
  if (result.isNull === undefined) return value
  return `if (${result.isNull}) on[${at}] = 1; else { on[${at}] = 0; ${value} }`
}

function valueCode(kind: PhysicalKind, result: ResultCode, at: string): string {
  if (kind === 'bytes') return `os[${at}] = s${result.value}s[r]; ol[${at}] = s${result.value}l[r];`
  if (kind === 'i128') return `{ const p = 4 * (${at}); ${result.words ?? ''} }`
  return `o[${at}] = ${result.value};`
}

function differCode(kind: PhysicalKind, result: ResultCode): string {
  const values = differentValues(kind, result)
  if (result.isNull === undefined) return values
  return `on[2 * i] !== on[2 * i + 1] || (on[2 * i] === 0 && ${values})`
}

function differentValues(kind: PhysicalKind, result: ResultCode): string {
  if (kind === 'bytes') return `!support.sameViews(os, ol, S${result.value}.data, 2 * i, 2 * i + 1)`
  if (kind === 'i128') {
    return '(ow[8 * i] !== ow[8 * i + 4] || ow[8 * i + 1] !== ow[8 * i + 5] || ow[8 * i + 2] !== ow[8 * i + 6] || ow[8 * i + 3] !== ow[8 * i + 7])'
  }
  return 'o[2 * i] !== o[2 * i + 1]'
}
