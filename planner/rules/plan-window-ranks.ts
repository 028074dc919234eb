/**
 * A Top-N whose partition has window_start and window_end is one of each window, given out once when the window is over
 * (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/queries/window-topn/).
 */
import { MillraceError } from '../../core/errors.ts'
import { type LogicalNode, mapLogicalInputs } from '../logical/node.ts'
import type { Rank } from '../logical/rank.ts'
import { coversWindow, windowColumnsOf } from '../logical/window-properties.ts'
import { createWindowRank } from '../logical/window-rank.ts'
import type { WindowProperty } from '../physical/window-spec.ts'

/** @throws MillraceError for windows of processing time and ranges that are no constants, as in Flink */
export function planWindowRanks(node: LogicalNode): LogicalNode {
  const below = mapLogicalInputs(node, planWindowRanks)
  return below.kind === 'rank' ? (windowRank(below) ?? below) : below
}

function windowRank(rank: Rank): LogicalNode | undefined {
  const { input, partition, order, range, outputRankNumber, rankName, position } = rank
  const columns = windowColumnsOf(input)
  if (columns === undefined || !coversWindow(columns, partition)) return undefined
  const { properties, window, timeType } = columns
  if (window.time === 'proctime') {
    throw new MillraceError('UNSUPPORTED_FEATURE', 'Processing time Window TopN is not supported yet.', {
      position,
      hint: 'Use windows of event time: a column that has the watermark.',
    })
  }
  if (range.kind !== 'constant') {
    throw new MillraceError('UNSUPPORTED_FEATURE', 'Window TopN needs a constant number of rows.', {
      position,
      hint: 'Compare the number with a literal, as in "number <= 10".',
    })
  }
  const columnOf = (property: WindowProperty): number =>
    partition.find((column) => properties.get(column) === property) ?? 0
  const attached = { start: columnOf('window_start'), end: columnOf('window_end'), timeType }
  return createWindowRank({
    input,
    window: { ...window, timeColumn: attached.end },
    attached,
    partition: partition.filter((column) => !properties.has(column)),
    order,
    start: range.start,
    end: range.end,
    outputRankNumber,
    rankName,
    position,
  })
}
