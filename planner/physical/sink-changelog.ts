/**
 * What stands between a changelog and a sink that takes it by primary key
 * (https://nightlies.apache.org/flink/flink-docs-stable/docs/sql/reference/dml/insert/#on-conflict-clause).
 */
import { ALL_CHANGES, type ChangelogMode, INSERT_ONLY } from '../../catalog/connector.ts'
import { parseTableOptions, requireConnector } from '../../catalog/table-options.ts'
import { pathToString } from '../../catalog/table.ts'
import { MillraceError } from '../../core/errors.ts'
import type { RuleContext } from '../rules/rule-context.ts'
import { isBatch } from './batch.ts'
import { createDraft, type Draft, type DraftNode } from './draft.ts'
import { isKey, type UpsertKeys } from './upsert-keys.ts'

export interface Inferred {
  readonly modes: ReadonlyMap<Draft, ChangelogMode>
  readonly keys: ReadonlyMap<Draft, UpsertKeys>
}

/** What the sink of a draft takes; of other drafts everything. */
export function sinkMode(draft: Draft, rules: RuleContext): ChangelogMode {
  const { node } = draft
  if (node.kind !== 'sink') return ALL_CHANGES
  const label = `table "${node.table.path.name}"`
  const { sink } = requireConnector(node.options, rules.planner, label)
  const values = parseTableOptions(node.options, rules.planner, label)
  return sink?.changelogMode({ ...node.table, options: node.options }, values) ?? INSERT_ONLY
}

function isInsertOnly(mode: ChangelogMode): boolean {
  return !mode.updateBefore && !mode.updateAfter && !mode.delete
}

type SinkDraftNode = Extract<DraftNode, { readonly kind: 'sink' }>

/**
 * `table.exec.sink.upsert-materialize`: a sink by primary key whose input is keyed otherwise gets its rows in an order
 * in which the last one for a key is the right one, or as ON CONFLICT says.
 *
 * @throws MillraceError INVALID_ARGUMENT where ON CONFLICT stands without use, or is missing where it is required
 */
export function materializeSinks(roots: readonly Draft[], inferred: Inferred, rules: RuleContext): void {
  const { configuration } = rules.planner
  const setting = configuration.get('table.exec.sink.upsert-materialize')?.toUpperCase() ?? 'AUTO'
  for (const root of roots) {
    const [input] = root.inputs
    if (root.node.kind !== 'sink' || input === undefined) continue
    const { node } = root
    const accepted = sinkMode(root, rules)
    if (node.onConflict !== undefined) requireUpsertSink(root, node, accepted)
    if (setting === 'NONE' || node.primaryKey.length === 0 || isInsertOnly(accepted) || accepted.updateBefore) continue
    const differs = !isKey(inferred.keys.get(input) ?? [], node.primaryKey)
    if (differs && node.onConflict === undefined && setting === 'AUTO') requireNoConflict(root, node, inferred, rules)
    // Inserts of one key overwrite each other in the order in which they come: without a clause that is all.
    const changes = node.onConflict !== undefined || !isInsertOnly(inferred.modes.get(input) ?? INSERT_ONLY)
    if (setting !== 'FORCE' && !(differs && changes)) continue
    root.inputs = [materialize(root, node, input, rules)]
  }
}

function materialize(root: Draft, node: SinkDraftNode, input: Draft, rules: RuleContext): Draft {
  const stateTtl = rules.planner.configuration.duration('table.exec.state.ttl')
  const { schema } = input.node
  const spec = { kind: 'sink-materialize' as const, keys: node.primaryKey, stateTtl, schema }
  if (node.onConflict === undefined || node.onConflict === 'DEDUPLICATE') return createDraft(spec, [input])
  if (!isBatch(rules.planner)) requireWatermarks(root, node.onConflict)
  return createDraft({ ...spec, conflict: node.onConflict }, [input])
}

function requireUpsertSink(root: Draft, node: SinkDraftNode, accepted: ChangelogMode): void {
  const reason = isInsertOnly(accepted)
    ? 'it only accepts INSERT (append-only) changes'
    : accepted.updateBefore
      ? 'it requires UPDATE_BEFORE (retract mode)'
      : node.primaryKey.length === 0
        ? 'it has no primary key'
        : undefined
  if (reason === undefined) return
  throw new MillraceError(
    'INVALID_ARGUMENT',
    `ON CONFLICT clause is only allowed for upsert sinks. The sink '${pathToString(node.table.path)}' is not an upsert sink because ${reason}.`,
    { position: root.position, hint: 'Leave ON CONFLICT out.' },
  )
}

/** `table.exec.sink.require-on-conflict`. */
function requireNoConflict(root: Draft, node: SinkDraftNode, inferred: Inferred, rules: RuleContext): void {
  if (!rules.planner.configuration.boolean('table.exec.sink.require-on-conflict') || isBatch(rules.planner)) return
  const [input] = root.inputs
  const names = (columns: readonly number[]): string =>
    columns.map((column) => node.schema.fields[column]?.name ?? '').join(', ')
  const [upsertKey] = input === undefined ? [] : (inferred.keys.get(input) ?? [])
  throw new MillraceError(
    'INVALID_ARGUMENT',
    `The query has an upsert key that differs from the primary key of the sink table '${pathToString(node.table.path)}'. Primary key: [${names(node.primaryKey)}], upsert key: [${upsertKey === undefined ? 'none' : names(upsertKey)}].`,
    {
      position: root.position,
      detail:
        'This can lead to non-deterministic results when multiple records with different upsert keys map to the same primary key.',
      hint: 'Add ON CONFLICT DO DEDUPLICATE (update to the latest record), DO ERROR (fail on conflict) or DO NOTHING (keep the first record).',
    },
  )
}

/** Compaction waits for watermarks. */
function requireWatermarks(root: Draft, strategy: 'ERROR' | 'NOTHING'): void {
  const missing = new Set<string>()
  const visit = (draft: Draft): void => {
    if (draft.node.kind === 'watermark') return
    if (draft.node.kind === 'source') missing.add(pathToString(draft.node.table.path))
    for (const input of draft.inputs) visit(input)
  }
  for (const input of root.inputs) visit(input)
  if (missing.size === 0) return
  throw new MillraceError(
    'INVALID_ARGUMENT',
    `ON CONFLICT DO ${strategy} needs watermarks, and ${[...missing].map((name) => `'${name}'`).join(', ')} has none`,
    {
      position: root.position,
      detail: 'Conflicts are looked for each time that the watermark advances.',
      hint: 'Add WATERMARK FOR … to the tables, or write ON CONFLICT DO DEDUPLICATE.',
    },
  )
}
