/**
 * Fragments: what a piece of generated code leaves behind for the code around it. Names in the generated code:
 * `i` input row, `k` output row, `arena` the batch's ByteArena, `c0…` constants.
 */
import type { SqlType } from '../../core/types.ts'
import { physicalKind } from '../../core/types.ts'

/**
 * - `number`, `bigint`, `boolean`: one JavaScript expression without side effects; a NULL's value is 0, 0n, false
 * - `view`: bytes in a buffer (text or binary)
 * - `object`: text as a JavaScript string, binary as Uint8Array, ARRAY, MAP, ROW as in `Value`; NULL is null
 */
export type Representation = 'number' | 'bigint' | 'boolean' | 'view' | 'object'

interface FragmentBase {
  readonly type: SqlType
  /** An expression that is 0 or 1; '0' where it is never NULL. */
  readonly isNull: string
}

export interface ScalarFragment extends FragmentBase {
  readonly representation: 'number' | 'bigint' | 'boolean' | 'object'
  readonly value: string
  /** Known at compile time. */
  readonly literal?: string | number | boolean | null
  /** Of a wide `bigint`: where `fits` is true the value has 64 bits and is `value`, which stays a machine integer. */
  readonly narrow?: { readonly fits: string; readonly value: string }
  /** The same as a `bigint`'s value, had without making one: a number that is whole and exact. */
  readonly number?: string
  /** The same as two whole numbers of 32 bits, the low one with a sign or without. */
  readonly halves?: { readonly low: string; readonly high: string }
}

export interface ViewFragment extends FragmentBase {
  readonly representation: 'view'
  readonly data: string
  readonly start: string
  readonly length: string
  /** Where all rows' bytes are: an input column's data or the arena; undefined where it varies. */
  readonly source: { readonly kind: 'column'; readonly name: string } | { readonly kind: 'arena' } | undefined
  /** Text known at compile time. */
  readonly literal?: string
}

export type Fragment = ScalarFragment | ViewFragment

export function representationOf(type: SqlType): Representation {
  switch (physicalKind(type)) {
    case 'bool':
      return 'boolean'
    case 'i8':
    case 'i16':
    case 'i32':
    case 'f32':
    case 'f64':
      return 'number'
    case 'i64':
    case 'i128':
      return 'bigint'
    case 'bytes':
      return 'view'
    default:
      return 'object'
  }
}

/** A `bigint` as what fits 64 bits; undefined where that is never known. */
export function narrowForm(fragment: Fragment): { readonly fits: string; readonly value: string } | undefined {
  if (fragment.representation !== 'bigint') return undefined
  const { literal, value } = fragment
  const isNarrow = physicalKind(fragment.type) === 'i64' || (typeof literal === 'string' && fitsLong(BigInt(literal)))
  return isNarrow ? { fits: 'true', value } : fragment.narrow
}

function fitsLong(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value
}

/** Expressions that must all be true. */
export function allTrue(tests: readonly string[]): string {
  const needed = tests.filter((test) => test !== 'true')
  return needed.length === 0 ? 'true' : needed.join(' && ')
}

/** What stands for NULL in a variable of the representation. */
export function emptyValue(representation: Representation): string {
  switch (representation) {
    case 'number':
      return '0'
    case 'bigint':
      return '0n'
    case 'boolean':
      return 'false'
    default:
      return 'null'
  }
}

/** `a | b` without the parts that are never 1. */
export function eitherNull(fragments: readonly Fragment[]): string {
  const parts = [...new Set(fragments.map((fragment) => fragment.isNull))].filter((part) => part !== '0')
  return parts.length === 0 ? '0' : parts.length === 1 ? (parts[0] ?? '0') : `(${parts.join(' | ')})`
}
