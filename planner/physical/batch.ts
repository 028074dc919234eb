/**
 * `execution.runtime-mode` = batch: the plan is that of a stream, with three differences. There are no watermarks before
 * the end of the input, so that no row is late and windows, joins and sorts see everything; GROUP BY is a HashAggregate,
 * which emits at the end; and where an operator still changes rows that it has emitted, FinalRows behind it waits for
 * the end and emits what is left. So every operator and every sink gets inserts only.
 */
import { type ChangelogMode, INSERT_ONLY } from '../../catalog/connector.ts'
import type { PlannerContext } from '../../catalog/reader.ts'
import type { CatalogTable } from '../../catalog/table.ts'
import { pathToString } from '../../catalog/table.ts'
import { MillraceError } from '../../core/errors.ts'
import { consumersOf, createDraft, type Draft, inOrder } from './draft.ts'

export function isBatch(planner: PlannerContext): boolean {
  return planner.configuration.get('execution.runtime-mode')?.trim().toLowerCase() === 'batch'
}

/** @throws MillraceError UNSUPPORTED_FEATURE, without position, for a table that batch mode cannot read */
export function requireBatchSource(table: CatalogTable, isBounded: boolean, mode: ChangelogMode): void {
  const name = pathToString(table.path)
  if (!isBounded) {
    throw new MillraceError(
      'UNSUPPORTED_FEATURE',
      `Querying an unbounded table '${name}' in batch mode is not allowed. The table source is unbounded.`,
      { hint: "Bound it with its options, or SET 'execution.runtime-mode' = 'streaming'." },
    )
  }
  if (!mode.updateAfter && !mode.updateBefore && !mode.delete) return
  throw new MillraceError(
    'UNSUPPORTED_FEATURE',
    `Querying a table in batch mode is currently only possible for INSERT-only table sources. But the source for table '${name}' produces other changelog messages than just INSERT.`,
    { hint: "SET 'execution.runtime-mode' = 'streaming'." },
  )
}

/**
 * Puts FinalRows behind every draft that does more than insert.
 *
 * @param provide the changelog of each draft, as things are
 */
export function finalizeRows(
  roots: readonly Draft[],
  provide: (order: readonly Draft[]) => ReadonlyMap<Draft, ChangelogMode>,
): void {
  for (;;) {
    const order = inOrder(roots)
    const modes = provide(order)
    const consumers = consumersOf(order)
    const readersOf = (draft: Draft): readonly Draft[] =>
      (consumers.get(draft) ?? []).filter((reader) => reader.node.kind !== 'final-rows')
    // Below it everything inserts only, so that its own strategy does not change any more.
    const changing = order.find((draft) => readersOf(draft).length > 0 && !insertsOnly(modes.get(draft) ?? INSERT_ONLY))
    if (changing === undefined) return
    const readers = readersOf(changing)
    const final = createDraft({ kind: 'final-rows', schema: changing.node.schema }, [changing])
    for (const reader of readers) reader.inputs = reader.inputs.map((input) => (input === changing ? final : input))
  }
}

function insertsOnly(mode: ChangelogMode): boolean {
  return !mode.updateBefore && !mode.updateAfter && !mode.delete
}
