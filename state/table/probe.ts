/**
 * Probing loops, one for each combination of key kinds, generated so that comparing a key is a few machine
 * instructions and BIGINT halves never become BigInt objects.
 */
import type { Column } from '../../core/column.ts'
import { FIXED_WIDTH, type StoredColumn, type StoredKind } from './stored-column.ts'

/** What the loops need of the table; `index` holds pairs of (hash, row id + 1), and 0 where a slot is free. */
export interface ProbeTarget {
  readonly index: Int32Array
  /** 32 minus the binary logarithm of the number of slots. */
  readonly shift: number
  readonly keys: readonly StoredColumn[]
  /** A new row for this hash, in the index; may replace the index and all arrays of the columns. */
  allocate(hash: number): number
}

/**
 * Row ids of the first `count` keys. With `insert` missing keys get new rows and `inserted[i]` is 1 where that
 * happened; without it they are -1.
 *
 * @returns number of inserted rows
 */
export type Probe = (
  target: ProbeTarget,
  columns: readonly Column[],
  count: number,
  hashes: Int32Array,
  rowIds: Int32Array,
  inserted: Uint8Array,
  insert: boolean,
) => number

const probes = new Map<string, Probe>()

export function probeFor(kinds: readonly StoredKind[], nullable: readonly boolean[]): Probe {
  const name = kinds.map((kind, index) => `${kind}${nullable[index] === true ? '?' : ''}`).join()
  const known = probes.get(name)
  if (known !== undefined) return known
  const made = new Function('equalBytes', 'viewOf', source(kinds, nullable, name))(equalBytes, viewOf) as Probe
  probes.set(name, made)
  return made
}

function equalBytes(a: DataView, from: number, b: DataView, start: number, length: number): boolean {
  let i = 0
  for (; i + 4 <= length; i += 4) if (a.getInt32(from + i) !== b.getInt32(start + i)) return false
  for (; i < length; i++) if (a.getUint8(from + i) !== b.getUint8(start + i)) return false
  return true
}

function viewOf(data: Uint8Array): DataView {
  return new DataView(data.buffer, data.byteOffset, data.byteLength)
}

function source(kinds: readonly StoredKind[], nullable: readonly boolean[], name: string): string {
  const parts = kinds.map((kind, index) => keyCode(kind, index, nullable[index] === true))
  const reload = parts.map((part) => part.reload).join(' ')
  return `return function probe(target, columns, count, hashes, rowIds, inserted, insert) { // ${name}
    ${parts.map((part) => part.input).join('\n')}
    ${parts.map((part) => part.declare).join(' ')}
    let index = target.index, shift = target.shift, mask = (index.length >>> 1) - 1, added = 0
    ${reload}
    for (let i = 0; i < count; i++) {
      const h = hashes[i]
      let slot = h >>> shift
      for (;;) {
        const id = index[2 * slot + 1]
        if (id === 0) {
          if (!insert) { rowIds[i] = -1; break }
          const r = target.allocate(h)
          index = target.index; shift = target.shift; mask = (index.length >>> 1) - 1
          ${reload}
          ${parts.map((part) => part.store).join('\n')}
          rowIds[i] = r; inserted[i] = 1; added++
          break
        }
        if (index[2 * slot] === h) {
          const r = id - 1
          if (${parts.map((part) => part.equal).join(' && ') || 'true'}) {
            rowIds[i] = r
            if (insert) inserted[i] = 0
            break
          }
        }
        slot = (slot + 1) & mask
      }
    }
    return added
  }`
}

interface KeyCode {
  readonly input: string
  readonly declare: string
  readonly reload: string
  readonly store: string
  readonly equal: string
}

function keyCode(kind: StoredKind, n: number, nullable: boolean): KeyCode {
  if (kind === 'null') return { input: '', declare: '', reload: '', store: '', equal: 'true' }
  const value = kind === 'bytes' || kind === 'encoded' ? bytesCode(n) : fixedCode(kind, n)
  if (!nullable) return value
  return {
    input: `${value.input}; const an${n} = columns[${n}].nulls`,
    declare: `${value.declare} let kn${n};`,
    reload: `${value.reload} kn${n} = an${n} === null ? target.keys[${n}].nulls : target.keys[${n}].ensureNulls();`,
    store: `if (kn${n} !== null) kn${n}[r] = an${n} === null ? 0 : an${n}[i];
      if (an${n} === null || an${n}[i] === 0) { ${value.store} }`,
    equal: `((an${n} === null ? 0 : an${n}[i]) === (kn${n} === null ? 0 : kn${n}[r]) && ((an${n} !== null && an${n}[i] === 1) || (${value.equal})))`,
  }
}

function bytesCode(n: number): KeyCode {
  return {
    input: `const as${n} = columns[${n}].starts, al${n} = columns[${n}].lengths, ad${n} = columns[${n}].data, av${n} = viewOf(ad${n})`,
    declare: `let ks${n}, kl${n}, kd${n}, kv${n};`,
    reload: `ks${n} = target.keys[${n}].starts; kl${n} = target.keys[${n}].lengths; if (kd${n} !== target.keys[${n}].data) { kd${n} = target.keys[${n}].data; kv${n} = viewOf(kd${n}) }`,
    store: `target.keys[${n}].set(r, ad${n}, as${n}[i], al${n}[i]); if (kd${n} !== target.keys[${n}].data) { kd${n} = target.keys[${n}].data; kv${n} = viewOf(kd${n}) }`,
    equal: `al${n}[i] === kl${n}[r] && equalBytes(av${n}, as${n}[i], kv${n}, ks${n}[r], al${n}[i])`,
  }
}

function fixedCode(kind: Exclude<StoredKind, 'null' | 'bytes' | 'encoded'>, n: number): KeyCode {
  const width = FIXED_WIDTH[kind]
  if (width < 4) {
    return {
      input: `const a${n} = columns[${n}].values`,
      declare: `let k${n};`,
      reload: `k${n} = target.keys[${n}].values;`,
      store: `k${n}[r] = a${n}[i]`,
      equal: `a${n}[i] === k${n}[r]`,
    }
  }
  const words = width / 4
  const word = (row: string, offset: number): string => (words === 1 ? row : `${words} * ${row} + ${offset}`)
  const each = (code: (offset: number) => string, separator: string): string =>
    Array.from({ length: words }, (_, offset) => code(offset)).join(separator)
  return {
    input: `const v${n} = columns[${n}].values, a${n} = new Int32Array(v${n}.buffer, v${n}.byteOffset, v${n}.byteLength >>> 2)`,
    declare: `let k${n};`,
    reload: `k${n} = target.keys[${n}].words;`,
    store: each((offset) => `k${n}[${word('r', offset)}] = a${n}[${word('i', offset)}]`, '; '),
    equal: each((offset) => `a${n}[${word('i', offset)}] === k${n}[${word('r', offset)}]`, ' && '),
  }
}
