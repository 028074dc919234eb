/** Which row kinds TO_CHANGELOG asks for, and which FROM_CHANGELOG gives. */
import type { ChangelogMode } from '../../catalog/connector.ts'
import { CHANGE_OPERATIONS, type FromChangelogSpec, type ToChangelogSpec } from './graph.ts'

const UPDATE_BEFORE = CHANGE_OPERATIONS.indexOf('UPDATE_BEFORE')
const UPDATE_AFTER = CHANGE_OPERATIONS.indexOf('UPDATE_AFTER')
const DELETE = CHANGE_OPERATIONS.indexOf('DELETE')

export function toldMode({ kinds }: FromChangelogSpec): ChangelogMode {
  const has = (wanted: number): boolean => kinds.some(([, kind]) => kind === wanted)
  const updateBefore = has(UPDATE_BEFORE)
  return { insert: true, updateBefore, updateAfter: updateBefore || has(UPDATE_AFTER), delete: has(DELETE) }
}

/** By key and without a code for -U nobody misses it. */
export function readsUpserts({ partitioned, codes }: ToChangelogSpec): boolean {
  return partitioned && codes[UPDATE_BEFORE] === null
}

/** And without a code for -D it does not matter whether a deleted row is whole. */
export function readsKeyOnlyDeletes(spec: ToChangelogSpec): boolean {
  return readsUpserts(spec) && spec.codes[DELETE] === null
}
