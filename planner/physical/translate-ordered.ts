/** What depends on an order of rows → drafts: window functions, Top-N, ORDER BY. */
import { MillraceError } from '../../core/errors.ts'
import type { Schema, SqlType } from '../../core/types.ts'
import { timeAttributeOf } from '../bind/types.ts'
import type { Over } from '../logical/over.ts'
import type { Sort } from '../logical/sort.ts'
import type { WindowRank } from '../logical/window-rank.ts'
import type { DraftNode } from './draft.ts'
import type { TopNSpec } from './graph.ts'

/** Filled in when it is known what the input brings. */
export function undecided(stateTtl: number): TopNSpec {
  return { strategy: 'retract', rowKey: [], emitUpdateBefore: false, stateTtl }
}

/** @throws MillraceError for an order that a stream cannot be brought into */
export function translateSort(node: Sort, stateTtl: number, isBatch: boolean): DraftNode {
  const { order, offset, fetch, schema } = node
  if (isBatch) return { kind: 'sort', order, offset, schema, ...(fetch === undefined ? {} : { fetch }) }
  if (fetch !== undefined) return { kind: 'sort-limit', order, offset, fetch, schema, ...undecided(stateTtl) }
  const [first] = order
  const time = first === undefined ? undefined : timeOf(schema, first.column)
  if (time === undefined || first?.descending !== false || offset > 0) {
    throw new MillraceError('UNSUPPORTED_FEATURE', 'Sort on a non-time-attribute field is not supported.', {
      position: node.position,
      detail: 'A stream can be ordered only by a time attribute, ascending, and then by other columns.',
      hint: 'Add LIMIT n for the first n rows, which are kept up to date, or order by the column that has the watermark. Batch mode orders bounded input by anything.',
    })
  }
  return { kind: 'temporal-sort', order, time, schema }
}

/** One row of each window by a time attribute is a deduplication. */
export function translateWindowRank(node: WindowRank): DraftNode {
  const { window, attached, partition: keys, order, start, end, outputRankNumber, schema } = node
  const [first, second] = order
  const time = first === undefined ? undefined : timeOf(schema, first.column)
  if (
    first !== undefined &&
    second === undefined &&
    time !== undefined &&
    !outputRankNumber &&
    start === 1 &&
    end === 1
  ) {
    const keep = first.descending ? 'last' : 'first'
    return { kind: 'window-deduplicate', window, attached, keys, keep, timeColumn: first.column, schema }
  }
  return { kind: 'window-rank', window, attached, keys, order, start, end, outputRankNumber, schema }
}

/** @throws MillraceError: only a condition on ROW_NUMBER(), which has become a Top-N, has a plan */
export function refuseOver(node: Over): never {
  throw new MillraceError('UNSUPPORTED_FEATURE', 'OVER is not supported yet', {
    position: node.position,
    hint: 'A Top-N, ROW_NUMBER() with a condition such as "number <= 10" around it, is.',
  })
}

function timeOf(schema: Schema, column: number): 'rowtime' | 'proctime' | undefined {
  const type: SqlType | undefined = schema.fields[column]?.type
  return type === undefined ? undefined : timeAttributeOf(type)
}
