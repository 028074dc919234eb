/**
 * Which row kinds flow on which edge, as Flink's changelog mode inference does it: from the sources up, which changes
 * a node can make; from the sinks down, who wants -U; then the nodes that make up the difference
 * (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/concepts/dynamic_tables/#table-to-stream-conversion).
 */
import { ALL_CHANGES, type ChangelogMode, INSERT_ONLY } from '../../catalog/connector.ts'
import { pathToString } from '../../catalog/table.ts'
import { MillraceError, unreachable } from '../../core/errors.ts'
import { sourceMode } from '../rules/prune-columns.ts'
import type { RuleContext } from '../rules/rule-context.ts'
import { finalizeRows, isBatch } from './batch.ts'
import { readsKeyOnlyDeletes, readsUpserts, toldMode } from './changelog-conversion.ts'
import { describe } from './describe.ts'
import { consumersOf, createDraft, type Draft, type DraftNode, inOrder } from './draft.ts'
import { demandExactWatermarks } from './exact-watermarks.ts'
import { understandsUpdates, withInputs } from './join-input.ts'
import { monotonicityOf } from './monotonicity.ts'
import { withStrategy } from './rank-strategy.ts'
import { materializeSinks, sinkMode } from './sink-changelog.ts'
import { type UpsertKeys, upsertKeysOf } from './upsert-keys.ts'

export interface Changelogs {
  readonly order: readonly Draft[]
  readonly modes: ReadonlyMap<Draft, ChangelogMode>
  readonly keys: ReadonlyMap<Draft, UpsertKeys>
}

/** Completes the drafts below the roots. @throws MillraceError UNSUPPORTED_CHANGELOG */
export function inferChangelogs(roots: readonly Draft[], rules: RuleContext): Changelogs {
  if (isBatch(rules.planner)) finalizeRows(roots, (order) => provideAll(order, rules))
  const provided = provideAll(inOrder(roots), rules)
  checkConsumers(inOrder(roots), provided, rules)
  materializeSinks(roots, { modes: provided, keys: allKeys(inOrder(roots)) }, rules)
  dropNormalization(roots, rules)
  setUpdateBefore(roots, rules)
  dropAtVersions(roots, rules)
  dropAtSinks(roots, rules)
  orderLookups(roots, rules)
  const order = inOrder(roots)
  const modes = provideAll(order, rules)
  demandExactWatermarks(order, modes)
  return { order, modes, keys: allKeys(order) }
}

function provideAll(order: readonly Draft[], rules: RuleContext): Map<Draft, ChangelogMode> {
  const modes = new Map<Draft, ChangelogMode>()
  const keys = new Map<Draft, UpsertKeys>()
  for (const draft of order) {
    draft.node = withStrategy(draft, { modes, keys }, rules)
    keys.set(draft, keysOf(draft, keys))
    const inputs = draft.inputs.map((input) => modes.get(input) ?? INSERT_ONLY)
    modes.set(draft, modeOf(draft, inputs, rules))
  }
  return modes
}

function isInsertOnly(mode: ChangelogMode): boolean {
  return !mode.updateBefore && !mode.updateAfter && !mode.delete
}

function modeOf(draft: Draft, inputs: readonly ChangelogMode[], rules: RuleContext): ChangelogMode {
  const { node } = draft
  const [input = INSERT_ONLY] = inputs
  switch (node.kind) {
    case 'source':
      return sourceMode(node, rules)
    case 'values':
    case 'window-aggregate':
    case 'hash-aggregate':
    case 'final-rows':
    case 'sort':
    case 'window-rank':
    case 'window-deduplicate':
    case 'interval-join':
    case 'window-join':
    case 'match':
    case 'to-changelog':
    case 'process-function':
      return INSERT_ONLY
    case 'from-changelog':
      return toldMode(node.spec)
    case 'watermark':
    case 'mini-batch-assigner':
    case 'calc':
    case 'expand':
    case 'window-table-function':
    case 'correlate':
    case 'temporal-join':
    case 'lookup-join':
    case 'sink':
    case 'collect':
      return input
    case 'rank':
    case 'sort-limit':
      return { ...ALL_CHANGES, updateBefore: node.emitUpdateBefore }
    case 'limit':
      return node.strategy === 'append-fast' ? INSERT_ONLY : { ...ALL_CHANGES, updateBefore: node.emitUpdateBefore }
    case 'deduplicate':
      return node.keep === 'first' ? INSERT_ONLY : { ...ALL_CHANGES, updateBefore: node.emitUpdateBefore }
    case 'temporal-sort':
    case 'batch-over-aggregate':
      return INSERT_ONLY
    case 'over-aggregate':
      return node.time === 'value' ? { ...ALL_CHANGES, updateBefore: node.emitUpdateBefore } : INSERT_ONLY
    case 'union':
      return anyOf(inputs)
    case 'group-aggregate': {
      const retracts = !isInsertOnly(input)
      const updates = node.aggregates.length > 0
      return { insert: true, updateBefore: updates && node.emitUpdateBefore, updateAfter: updates, delete: retracts }
    }
    case 'join': {
      const handsOn = node.joinType === 'inner' || node.joinType === 'semi'
      return handsOn ? anyOf(inputs) : { ...ALL_CHANGES, updateBefore: node.emitUpdateBefore }
    }
    case 'changelog-normalize':
      return { ...ALL_CHANGES, updateBefore: node.emitUpdateBefore }
    case 'drop-update-before':
      return { ...input, updateBefore: false }
    case 'sink-materialize':
      return { ...ALL_CHANGES, updateBefore: false }
    default:
      return unreachable(node)
  }
}

function anyOf(inputs: readonly ChangelogMode[]): ChangelogMode {
  return {
    insert: true,
    updateBefore: inputs.some((mode) => mode.updateBefore),
    updateAfter: inputs.some((mode) => mode.updateAfter),
    delete: inputs.some((mode) => mode.delete),
  }
}

/** Nodes that take only inserts, and sinks that take less than they would get. */
function checkConsumers(order: readonly Draft[], modes: ReadonlyMap<Draft, ChangelogMode>, rules: RuleContext): void {
  for (const draft of order) for (const input of draft.inputs) checkConsumer(draft, input, modes, rules)
}

function checkConsumer(draft: Draft, input: Draft, modes: ReadonlyMap<Draft, ChangelogMode>, rules: RuleContext): void {
  const { node } = draft
  if (node.kind === 'final-rows') return
  const accepted = node.kind === 'sink' ? sinkMode(draft, rules) : takesOnlyInserts(node) ? INSERT_ONLY : ALL_CHANGES
  const given = modes.get(input) ?? INSERT_ONLY
  const refused = [
    ...(given.updateAfter && !accepted.updateAfter ? ['update'] : []),
    ...(given.delete && !accepted.delete ? ['delete'] : []),
  ]
  if (refused.length === 0) return
  const kind = refused.includes('update') ? 'updateAfter' : 'delete'
  const origin = originOf(input, kind, modes)
  const consumer = consumerText(draft)
  throw new MillraceError(
    'UNSUPPORTED_CHANGELOG',
    `${consumer} doesn't support consuming ${refused.join(' and ')} changes which is produced by node ${describe(origin)}`,
    { position: draft.position, hint: wayOut(draft) },
  )
}

function takesOnlyInserts(node: DraftNode): boolean {
  switch (node.kind) {
    case 'match':
    case 'temporal-sort':
    case 'batch-over-aggregate':
    case 'window-rank':
    case 'window-deduplicate':
    case 'interval-join':
    case 'window-join':
    case 'from-changelog':
    case 'process-function':
      return true
    case 'over-aggregate':
      return node.time !== 'value'
    default:
      return false
  }
}

/** The deepest node that makes the changes: the ones above only hand them on. */
function originOf(draft: Draft, kind: 'updateAfter' | 'delete', modes: ReadonlyMap<Draft, ChangelogMode>): Draft {
  const below = draft.inputs.find((input) => modes.get(input)?.[kind] === true)
  const makes = MAKERS.includes(draft.node.kind)
  return below === undefined || makes ? draft : originOf(below, kind, modes)
}

const MAKERS: readonly DraftNode['kind'][] = [
  'group-aggregate',
  'changelog-normalize',
  'join',
  'rank',
  'sort-limit',
  'limit',
  'over-aggregate',
  'from-changelog',
]

function consumerText(draft: Draft): string {
  const { node } = draft
  if (node.kind === 'match') return 'Match Recognize'
  return node.kind === 'sink' ? `Table sink '${pathToString(node.table.path)}'` : describe(draft)
}

function wayOut(draft: Draft): string {
  if (draft.inputs.length > 1) {
    return 'Both sides may only append rows; a regular join (without bounds of time) takes updates.'
  }
  if (draft.node.kind !== 'sink') {
    return 'It takes only rows that are never changed later: aggregate by window below it.'
  }
  return draft.node.primaryKey.length === 0
    ? 'Aggregate by window (GROUP BY window_start, window_end), or write into a table with a PRIMARY KEY whose connector takes updates.'
    : 'Aggregate by window (GROUP BY window_start, window_end), or write into a connector that takes updates.'
}

function allKeys(order: readonly Draft[]): Map<Draft, UpsertKeys> {
  const keys = new Map<Draft, UpsertKeys>()
  for (const draft of order) keys.set(draft, keysOf(draft, keys))
  return keys
}

function keysOf(draft: Draft, below: ReadonlyMap<Draft, UpsertKeys>): UpsertKeys {
  return upsertKeysOf(
    draft,
    draft.inputs.map((input) => below.get(input) ?? []),
  )
}

/** Who needs -U from whom. */
function wantsUpdateBefore(roots: readonly Draft[], rules: RuleContext): ReadonlyMap<Draft, boolean> {
  const order = inOrder(roots)
  const keys = allKeys(order)
  const modes = provideAll(order, rules)
  const wants = new Map<Draft, boolean>()
  for (const draft of [...order].reverse()) {
    const own = wants.get(draft) ?? false
    const all = own || !understandsAllUpdates(draft, keys, modes)
    for (const [index, input] of draft.inputs.entries()) {
      // Of a versioned table the row after an update is the next version; the one before it would end that version.
      const asked = !isVersions(draft, index) && demands(draft, all, rules)
      wants.set(input, (wants.get(input) ?? false) || asked)
    }
  }
  return wants
}

function isVersions(draft: Draft, input: number): boolean {
  return draft.node.kind === 'temporal-join' && input === 1
}

/** A join that has to be told by one input what an update replaces is told so by both. */
function understandsAllUpdates(
  draft: Draft,
  keys: ReadonlyMap<Draft, UpsertKeys>,
  modes: ReadonlyMap<Draft, ChangelogMode>,
): boolean {
  const { node, inputs } = draft
  if (node.kind !== 'join') return true
  return inputs.every((input, index) => {
    const updates = modes.get(input)?.updateAfter === true
    return !updates || understandsUpdates(node, index === 0 ? 'left' : 'right', keys.get(input) ?? [])
  })
}

function demands(draft: Draft, own: boolean, rules: RuleContext): boolean {
  const { node } = draft
  switch (node.kind) {
    case 'sink':
      return sinkMode(draft, rules).updateBefore
    case 'collect':
    case 'group-aggregate':
    case 'window-aggregate':
    case 'hash-aggregate':
    case 'final-rows':
    case 'sort':
    case 'sink-materialize':
      return true
    // The rows that an update makes may be fewer than those it replaces.
    case 'correlate':
      return true
    // A row that leaves the condition by an update has to be taken back: without -U nobody would know of it.
    case 'calc':
      return node.condition !== undefined || own
    case 'watermark':
    case 'mini-batch-assigner':
    case 'union':
    case 'expand':
    case 'window-table-function':
    case 'join':
    case 'temporal-join':
    case 'lookup-join':
      return own
    case 'rank':
    case 'limit':
    case 'sort-limit':
      return node.strategy === 'retract'
    case 'over-aggregate':
      return true
    case 'to-changelog':
      return !readsUpserts(node.spec)
    case 'temporal-sort':
    case 'batch-over-aggregate':
    case 'deduplicate':
    case 'window-rank':
    case 'window-deduplicate':
    case 'interval-join':
    case 'window-join':
    case 'changelog-normalize':
    case 'drop-update-before':
    case 'source':
    case 'values':
    case 'match':
    case 'from-changelog':
    case 'process-function':
      return false
    default:
      return unreachable(node)
  }
}

/** A normalization that only feeds sinks by the same key, row by row and unfiltered, is left out. */
function dropNormalization(roots: readonly Draft[], rules: RuleContext): void {
  const wants = wantsUpdateBefore(roots, rules)
  const consumers = consumersOf(inOrder(roots))
  if (rules.planner.configuration.boolean('table.exec.source.cdc-events-duplicate')) return
  for (const draft of inOrder(roots)) {
    const [input] = draft.inputs
    if (draft.node.kind !== 'changelog-normalize' || input === undefined || wants.get(draft) === true) continue
    if (!(consumers.get(draft) ?? []).every((consumer) => handsOn(consumer, consumers, draft))) continue
    for (const consumer of consumers.get(draft) ?? []) {
      consumer.inputs = consumer.inputs.map((other) => (other === draft ? input : other))
    }
  }
}

function handsOn(draft: Draft, consumers: ReadonlyMap<Draft, readonly Draft[]>, from: Draft): boolean {
  if (draft.node.kind === 'temporal-join')
    return draft.inputs.every((input, index) => input !== from || isVersions(draft, index))
  if (draft.node.kind === 'sink') return draft.node.primaryKey.length > 0
  if (draft.node.kind === 'to-changelog') return readsKeyOnlyDeletes(draft.node.spec)
  const plain = draft.node.kind === 'calc' && draft.node.projections.every((expression) => expression.kind === 'input')
  return plain && (consumers.get(draft) ?? []).every((consumer) => handsOn(consumer, consumers, draft))
}

function setUpdateBefore(roots: readonly Draft[], rules: RuleContext): void {
  const wants = wantsUpdateBefore(roots, rules)
  for (const draft of inOrder(roots)) {
    const { node } = draft
    const emitUpdateBefore = wants.get(draft) === true
    if (node.kind === 'group-aggregate') {
      draft.node = { ...node, emitUpdateBefore: emitUpdateBefore && node.aggregates.length > 0 }
    } else if ('emitUpdateBefore' in node) draft.node = { ...node, emitUpdateBefore }
  }
  const modes = provideAll(inOrder(roots), rules)
  const keys = allKeys(inOrder(roots))
  for (const draft of inOrder(roots)) {
    const { node } = draft
    if (node.kind === 'join') draft.node = withInputs(node, draft.inputs, keys, modes)
    if (!('inputRetracts' in node)) continue
    const [input] = draft.inputs
    const inputRetracts = input !== undefined && !isInsertOnly(modes.get(input) ?? INSERT_ONLY)
    draft.node = { ...node, inputRetracts }
    if (draft.node.kind === 'group-aggregate' && inputRetracts)
      draft.node = withMonotonicCalls(draft, draft.node, modes)
  }
}

type GroupAggregateDraft = Extract<DraftNode, { kind: 'group-aggregate' }>

/** MAX over what only rises, and MIN over what only falls, take no row back. */
function withMonotonicCalls(
  draft: Draft,
  node: GroupAggregateDraft,
  modes: ReadonlyMap<Draft, ChangelogMode>,
): GroupAggregateDraft {
  const columns = monotonicityOf(draft, modes)
  const aggregates = node.aggregates.map((call, index) => {
    const wanted = call.function === 'MAX' ? 'increasing' : call.function === 'MIN' ? 'decreasing' : undefined
    const isMonotonic = wanted !== undefined && columns?.[node.keys.length + index] === wanted
    return isMonotonic ? { ...call, monotonic: true as const } : call
  })
  return { ...node, aggregates }
}

/**
 * -U that a versioned table brings along. Behind a filter it may be the only sign that a version has ended, and it may
 * come with a +U that takes its place: the two cannot be told apart.
 */
function dropAtVersions(roots: readonly Draft[], rules: RuleContext): void {
  const modes = provideAll(inOrder(roots), rules)
  for (const draft of inOrder(roots)) {
    const [left, right] = draft.inputs
    if (draft.node.kind !== 'temporal-join' || left === undefined || right === undefined) continue
    if (modes.get(right)?.updateBefore !== true) continue
    if (isFiltered(right)) {
      throw new MillraceError('UNSUPPORTED_FEATURE', 'a versioned table that is filtered and gets updates', {
        position: draft.position,
        hint: 'Join the whole versioned table and write the condition into ON or WHERE.',
      })
    }
    draft.inputs = [left, createDraft({ kind: 'drop-update-before', schema: right.node.schema }, [right])]
  }
}

/** Results of lookups may overtake each other only where no row takes another one back. */
function orderLookups(roots: readonly Draft[], rules: RuleContext): void {
  const modes = provideAll(inOrder(roots), rules)
  for (const draft of inOrder(roots)) {
    const [input] = draft.inputs
    const { node } = draft
    if (node.kind !== 'lookup-join' || input === undefined || isInsertOnly(modes.get(input) ?? INSERT_ONLY)) continue
    draft.node = { ...node, asynchronous: { ...node.asynchronous, ordered: true } }
  }
}

/** -U that a sink by key does not want, unless a filter on the way makes it the only sign that a row is gone. */
function dropAtSinks(roots: readonly Draft[], rules: RuleContext): void {
  const modes = provideAll(inOrder(roots), rules)
  for (const root of roots) {
    const [input] = root.inputs
    if (root.node.kind !== 'sink' || input === undefined) continue
    if (modes.get(input)?.updateBefore !== true || sinkMode(root, rules).updateBefore || isFiltered(input)) continue
    root.inputs = [createDraft({ kind: 'drop-update-before', schema: input.node.schema }, [input])]
  }
}

function isFiltered(draft: Draft): boolean {
  const { node } = draft
  if (node.kind === 'calc') return node.condition !== undefined || draft.inputs.some(isFiltered)
  if (node.kind === 'correlate' || node.kind === 'join') return true
  if (node.kind === 'temporal-join' || node.kind === 'lookup-join') {
    return node.joinType === 'inner' || draft.inputs.slice(0, 1).some(isFiltered)
  }
  if (node.kind === 'union' || node.kind === 'watermark') return draft.inputs.some(isFiltered)
  return false
}
