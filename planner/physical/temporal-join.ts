/**
 * `FOR SYSTEM_TIME AS OF`: against a versioned table of event time, and against a table that rows are looked up in. The
 * checks and their texts are Flink's (LogicalCorrelateToJoinFromTemporalTableRule, TemporalJoinRewriteWithUniqueKeyRule,
 * CommonExecLookupJoin).
 */
import type { SourcePosition } from '../../core/errors.ts'
import { MillraceError } from '../../core/errors.ts'
import type { ConnectorDescriptor } from '../../catalog/connector.ts'
import { parseTableOptions, requireConnector } from '../../catalog/table-options.ts'
import { type Schema, typeToString } from '../../core/types.ts'
import { timeAttributeOf, withoutTimeAttribute } from '../bind/types.ts'
import type { Expression } from '../expression.ts'
import { collectInputs, conjunction, conjunctsOf } from '../expression-rewrite.ts'
import type { LogicalNode } from '../logical/node.ts'
import type { Scan } from '../logical/scan.ts'
import type { TemporalJoin } from '../logical/temporal-join.ts'
import { programOf } from '../rules/program.ts'
import { sourceMode } from '../rules/prune-columns.ts'
import type { RuleContext } from '../rules/rule-context.ts'
import type { DraftNode } from './draft.ts'
import type { LookupKey } from './join-nodes.ts'
import { equality, joinKeys } from './join-keys.ts'
import { tablePath } from './describe.ts'
import type { UpsertKeys } from './upsert-keys.ts'

/** @param rightKeys upsert keys of the right input */
export function versionedJoin(
  join: TemporalJoin,
  leftTime: number,
  rightKeys: UpsertKeys,
  stateTtl: number,
): Extract<DraftNode, { kind: 'temporal-join' }> {
  const { joinType, left, right, condition, schema, position } = join
  const keys = joinKeys(condition, left.schema.fields.length)
  if (keys.left.length === 0) {
    throw refused(
      'Currently the join key in Temporal Table Join can not be empty.',
      position,
      'Compare the primary key of the versioned table with columns of the left side.',
    )
  }
  const rightTime = rowtimeOf(right.schema, position)
  checkTimes(join, leftTime, rightTime)
  return {
    kind: 'temporal-join',
    joinType,
    leftKeys: keys.left,
    rightKeys: keys.right,
    filterNulls: keys.filterNulls,
    ...(keys.remainder === undefined ? {} : { condition: keys.remainder }),
    leftTime,
    rightTime,
    primaryKey: primaryKeyOf(rightKeys, keys.right, position),
    where: condition,
    stateTtl,
    schema,
  }
}

function refused(message: string, position: SourcePosition, hint: string): MillraceError {
  return new MillraceError('UNSUPPORTED_FEATURE', message, { position, hint })
}

function rowtimeOf({ fields }: Schema, position: SourcePosition): number {
  const found = fields.flatMap(({ type }, index) => (timeAttributeOf(type) === 'rowtime' ? [index] : []))
  const [column, second] = found
  if (column !== undefined && second === undefined) return column
  throw refused(
    'Event-Time Temporal Table Join requires both primary key and row time attribute in versioned table, but no row time attribute can be found.',
    position,
    'Declare a WATERMARK in the table of the right side. A table that has only the present is joined FOR SYSTEM_TIME AS OF a column AS PROCTIME().',
  )
}

function checkTimes({ left, right, position }: TemporalJoin, leftTime: number, rightTime: number): void {
  const [mine, theirs] = [left.schema.fields[leftTime]?.type, right.schema.fields[rightTime]?.type]
  if (mine === undefined || theirs === undefined || mine.kind === theirs.kind) return
  const [a, b] = [mine, theirs].map((type) => typeToString(withoutTimeAttribute(type)))
  throw new MillraceError(
    'TYPE_MISMATCH',
    `Event-Time Temporal Table Join requires same rowtime type in left table and versioned table, but the rowtime types are ${a} and ${b}.`,
    { position, hint: 'Declare both columns TIMESTAMP, or both TIMESTAMP_LTZ.' },
  )
}

/** The shortest key of the right side, which has to be compared. */
function primaryKeyOf(keys: UpsertKeys, compared: readonly number[], position: SourcePosition): readonly number[] {
  const [key] = [...keys].filter((columns) => columns.length > 0).sort((a, b) => a.length - b.length)
  if (key === undefined) {
    throw refused(
      'Temporal Table Join requires primary key in versioned table, but no primary key can be found.',
      position,
      'Declare PRIMARY KEY (…) NOT ENFORCED and compare it, or join a view that keeps one row of each key: ROW_NUMBER() OVER (PARTITION BY key ORDER BY rowtime DESC) = 1.',
    )
  }
  if (key.every((column) => compared.includes(column))) return key
  throw refused(
    "Join key must be the same as temporal table's primary key in Event-time temporal table join.",
    position,
    'Compare all columns of the primary key.',
  )
}

/** @throws MillraceError where the right side is no table that rows can be looked up in */
export function lookupJoin(join: TemporalJoin, rules: RuleContext): Extract<DraftNode, { kind: 'lookup-join' }> {
  const { joinType, left, right, condition, schema, position } = join
  const { scan, projections } = lookupTable(right, position, rules)
  const width = left.schema.fields.length
  const keys: LookupKey[] = []
  const rest: Expression[] = []
  for (const part of conjunctsOf(condition)) {
    const key = lookupKey(part, width, projections)
    if (key === undefined || keys.some(({ column }) => column === key.column)) {
      if (!(part.kind === 'literal' && part.value === true)) rest.push(part)
    } else keys.push(key)
  }
  if (keys.length === 0) {
    throw refused(
      `Temporal table join requires an equality condition on fields of table [${tablePath(scan.table)}].`,
      position,
      'Compare a column of it, as it is, with a value of the left side of the same type.',
    )
  }
  const remainder = conjunction(rest)
  return {
    kind: 'lookup-join',
    joinType,
    table: scan.table,
    options: scan.options,
    columns: scan.columns,
    lookup: scan.schema,
    keys,
    projections,
    ...(remainder === undefined ? {} : { condition: remainder }),
    asynchronous: asynchronous(join, rules),
    ...(join.lookup.retry === undefined ? {} : { retry: join.lookup.retry }),
    schema,
  }
}

/** A table of a connector that can be looked up, below nothing but projections. */
function lookupTable(
  right: LogicalNode,
  position: SourcePosition,
  rules: RuleContext,
): { readonly scan: Scan; readonly projections: readonly Expression[] } {
  const program = programOf(right, rules)
  const { projections } = program
  // What is looked up has no time of its own.
  const base = program.base.kind === 'watermark' ? program.base.input : program.base
  if (base.kind !== 'scan' || program.condition !== undefined) throw noLookup(undefined, position)
  const label = `table "${base.table.path.name}"`
  const descriptor = requireConnector(base.options, rules.planner, label)
  if (descriptor.lookup === undefined) throw noLookup(base.table.path.name, position)
  if (!descriptor.lookup.byKey) checkReadable(base, descriptor, label, position, rules)
  return { scan: base, projections }
}

/** A table that is read as a whole has an end, and no updates. */
function checkReadable(
  scan: Scan,
  { source }: ConnectorDescriptor,
  label: string,
  position: SourcePosition,
  rules: RuleContext,
): void {
  const values = parseTableOptions(scan.options, rules.planner, label)
  const mode = sourceMode(scan, rules)
  if (source?.isBounded({ ...scan.table, options: scan.options }, values) !== true) {
    throw refused(`rows cannot be looked up in ${label}: it has no end.`, position, 'Read what is there once.')
  }
  if (mode.updateAfter || mode.delete) {
    throw refused(
      `rows cannot be looked up in ${label}: it carries updates.`,
      position,
      'Use a format of rows that are only added.',
    )
  }
}

function noLookup(table: string | undefined, position: SourcePosition): MillraceError {
  const what = table === undefined ? 'The right side is no table' : `The connector of table "${table}" has no lookups`
  return new MillraceError('UNSUPPORTED_FEATURE', 'Processing-time temporal join is not supported yet.', {
    position,
    detail: `${what}: it would not be known when all of it has been read.`,
    hint: 'Look rows up in a table of jdbc or filesystem, or join a versioned table FOR SYSTEM_TIME AS OF a column with a WATERMARK.',
  })
}

/** `right.column = value of the left side`, or a constant. */
function lookupKey(condition: Expression, width: number, projections: readonly Expression[]): LookupKey | undefined {
  const found = equality(condition)
  if (found === undefined || !found.filtersNulls) return undefined
  for (const [mine, theirs] of [
    [found.left, found.right],
    [found.right, found.left],
  ] as const) {
    if (theirs.kind !== 'input' || theirs.index < width) continue
    if ([...collectInputs(mine)].some((index) => index >= width)) continue
    const column = projections[theirs.index - width]
    if (column?.kind === 'input') return { column: column.index, value: mine }
  }
  return undefined
}

function asynchronous(
  { lookup }: TemporalJoin,
  { planner: { configuration } }: RuleContext,
): Extract<DraftNode, { kind: 'lookup-join' }>['asynchronous'] {
  const mode = configuration.get('table.exec.async-lookup.output-mode')?.toUpperCase()
  return {
    ordered: lookup.ordered ?? mode !== 'ALLOW_UNORDERED',
    capacity: lookup.capacity ?? Number(configuration.get('table.exec.async-lookup.buffer-capacity') ?? 100),
    timeout: lookup.timeout ?? configuration.duration('table.exec.async-lookup.timeout'),
  }
}
