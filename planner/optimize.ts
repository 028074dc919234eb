/** The rewrites, in their order. Each takes a correct plan and gives one; none is needed for correctness. */
import type { LogicalNode } from './logical/node.ts'
import { isBatch } from './physical/batch.ts'
import { extractJoinKeys } from './rules/extract-join-keys.ts'
import { foldConstants } from './rules/fold-constants.ts'
import { materializeTimes } from './rules/materialize-times.ts'
import { narrowRows } from './rules/narrow-rows.ts'
import { planRanks } from './rules/plan-ranks.ts'
import { planWindowAggregates } from './rules/plan-window-aggregates.ts'
import { planWindowRanks } from './rules/plan-window-ranks.ts'
import { pruneColumns } from './rules/prune-columns.ts'
import { pushFilters } from './rules/push-filters.ts'
import { reuseSources } from './rules/reuse-sources.ts'
import type { RuleContext } from './rules/rule-context.ts'

export function optimize(roots: readonly LogicalNode[], rules: RuleContext): readonly LogicalNode[] {
  const single = roots.map((root) => {
    const folded = foldConstants(root, rules)
    const pushed = foldConstants(pushFilters(folded, rules), rules)
    const joined = extractJoinKeys(isBatch(rules.planner) ? pushed : materializeTimes(pushed), rules)
    // Of input that ends a window function is computed as such, and its number is filtered.
    const ranked = isBatch(rules.planner) ? joined : planWindowRanks(planRanks(joined))
    return pruneColumns(planWindowAggregates(ranked, rules), rules)
  })
  return narrowRows(reuseSources(single, rules), rules)
}
