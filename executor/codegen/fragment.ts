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
