/**
 * Logical plans → drafts of operators. Equal sub-plans become one draft, so that several INSERTs of a statement set,
 * and a table of WITH that is read twice, share what they have in common.
 */
import { requireConnector } from '../../catalog/table-options.ts'
import { type SourcePosition, unreachable } from '../../core/errors.ts'
import type { Field } from '../../core/types.ts'
import { withoutTimeAttribute } from '../bind/types.ts'
import { behindOp, type FromChangelog } from '../logical/from-changelog.ts'
import type { Join } from '../logical/join.ts'
import type { Limit } from '../logical/limit.ts'
import type { LogicalNode } from '../logical/node.ts'
import type { Scan } from '../logical/scan.ts'
import type { Sink } from '../logical/sink.ts'
import type { TemporalJoin } from '../logical/temporal-join.ts'
import { duplicatesEvents, sourceMode } from '../rules/prune-columns.ts'
import { isIdentity, programOf } from '../rules/program.ts'
import type { RuleContext } from '../rules/rule-context.ts'
import { isBatch } from './batch.ts'
import { createDraft, type Draft, type DraftNode } from './draft.ts'
import { intervalJoin } from './interval-join.ts'
import { refuseEmitStrategy } from './emit-strategy.ts'
import { joinKeys } from './join-keys.ts'
import { lookupJoin, versionedJoin } from './temporal-join.ts'
import { knownKeys } from './upsert-keys.ts'
import { windowJoin } from './window-join.ts'

import {
  translateBatchOver,
  translateOver,
  translateSort,
  translateWindowRank,
  undecided,
} from './translate-ordered.ts'

export class Translator {
  readonly #rules: RuleContext
  readonly #shared = new Map<string, Draft>()
  readonly #ids = new Map<Draft, number>()
  readonly #stateTtl: number
  readonly #isBatch: boolean
  readonly #shareSubPlans: boolean
  readonly #shareSources: boolean

  constructor(rules: RuleContext) {
    const { configuration } = rules.planner
    this.#rules = rules
    this.#isBatch = isBatch(rules.planner)
    this.#stateTtl = configuration.duration('table.exec.state.ttl')
    this.#shareSubPlans = configuration.get('table.optimizer.reuse-sub-plan-enabled') !== 'false'
    this.#shareSources = configuration.get('table.optimizer.reuse-source-enabled') !== 'false'
  }

  translate(node: LogicalNode): Draft {
    switch (node.kind) {
      case 'project':
      case 'filter':
        return this.#calc(node)
      case 'scan':
        return this.#normalized(node, this.#source(node))
      case 'watermark':
        return this.#watermark(node)
      case 'values':
        return this.#share({ kind: 'values', rows: node.rows, schema: node.schema }, [])
      case 'union':
        return this.#share(
          { kind: 'union', schema: node.schema },
          node.inputs.map((input) => this.translate(input)),
        )
      case 'aggregate': {
        const { keys, aggregates, schema } = node
        if (this.#isBatch) {
          return this.#share({ kind: 'hash-aggregate', keys, aggregates, schema }, [this.translate(node.input)])
        }
        const stateTtl = node.stateTtl ?? this.#stateTtl
        const placeholder = { emitUpdateBefore: false, inputRetracts: false, stateTtl }
        return this.#share({ kind: 'group-aggregate', keys, aggregates, schema, ...placeholder }, [
          this.translate(node.input),
        ])
      }
      case 'window-aggregate': {
        refuseEmitStrategy(node, this.#rules.planner)
        const { form, window, attached, keys, aggregates, properties, schema } = node
        const plain = { form, window, keys, aggregates, properties, inputRetracts: false, schema }
        return this.#share({ kind: 'window-aggregate', ...plain, ...(attached === undefined ? {} : { attached }) }, [
          this.translate(node.input),
        ])
      }
      case 'expand':
        return this.#share({ kind: 'expand', copies: node.copies, schema: node.schema }, [this.translate(node.input)])
      case 'window-table-function':
        return this.#share({ kind: 'window-table-function', window: node.window, schema: node.schema }, [
          this.translate(node.input),
        ])
      case 'match': {
        const { match, schema, position } = node
        return this.#register(createDraft({ kind: 'match', match, schema }, [this.translate(node.input)], position))
      }
      case 'correlate': {
        const { invocation, joinType, schema, condition } = node
        const filter = condition === undefined ? {} : { condition }
        return this.#share({ kind: 'correlate', invocation, joinType, ...filter, schema }, [this.translate(node.input)])
      }
      case 'process-function': {
        const { spec, schema, position } = node
        const draft: DraftNode = { kind: 'process-function', spec, stateTtl: this.#stateTtl, schema }
        return this.#share(draft, [this.translate(node.input)], this.#shareSubPlans, position)
      }
      case 'to-changelog':
        return this.#share({ kind: 'to-changelog', spec: node.spec, schema: node.schema }, [this.translate(node.input)])
      case 'from-changelog':
        return this.#fromChangelog(node)
      case 'join':
        return this.#join(node)
      case 'over':
        if (this.#isBatch) return this.#share(translateBatchOver(node), [this.translate(node.input)])
        return this.#share(
          translateOver(node, this.#stateTtl),
          [this.translate(node.input)],
          this.#shareSubPlans,
          node.position,
        )
      case 'rank': {
        const { partition: keys, order, range, outputRankNumber, schema } = node
        const rank = { kind: 'rank' as const, keys, order, range, outputRankNumber, schema }
        return this.#share({ ...rank, ...undecided(this.#stateTtl) }, [this.translate(node.input)])
      }
      case 'window-rank':
        return this.#share(translateWindowRank(node), [this.translate(node.input)], this.#shareSubPlans, node.position)
      case 'sort': {
        const draft = createDraft(
          translateSort(node, this.#stateTtl, this.#isBatch),
          [this.translate(node.input)],
          node.position,
        )
        return this.#register(draft)
      }
      case 'temporal-join':
        return this.#temporalJoin(node)
      case 'limit':
        return this.#limit(node)
      case 'sink':
        return this.#sink(node)
      case 'collect':
        return createDraft({ kind: 'collect', schema: node.schema }, [this.translate(node.input)])
      default:
        return unreachable(node)
    }
  }

  #share(node: DraftNode, inputs: Draft[], shareable = this.#shareSubPlans, position?: SourcePosition): Draft {
    const draft = createDraft(node, inputs, position)
    if (!shareable) return this.#register(draft)
    const key = JSON.stringify([node, inputs.map((input) => this.#ids.get(input))])
    const known = this.#shared.get(key)
    if (known !== undefined) return known
    this.#shared.set(key, draft)
    return this.#register(draft)
  }

  #register(draft: Draft): Draft {
    this.#ids.set(draft, this.#ids.size)
    return draft
  }

  #calc(node: LogicalNode): Draft {
    const program = programOf(node, this.#rules)
    const input = this.translate(program.base)
    if (isIdentity(program)) return input
    const { condition, projections, schema } = program
    return this.#share(
      condition === undefined
        ? { kind: 'calc', projections, schema }
        : { kind: 'calc', condition, projections, schema },
      [input],
    )
  }

  #source(node: Scan): Draft {
    const { table, columns, options, schema } = node
    const { source } = requireConnector(options, this.#rules.planner, `table "${table.path.name}"`)
    const shareable = this.#shareSubPlans && this.#shareSources && source?.reusable !== false
    return this.#share({ kind: 'source', table, columns, options, schema }, [], shareable)
  }

  #watermark(node: Extract<LogicalNode, { kind: 'watermark' }>): Draft {
    if (this.#isBatch) return this.translate(node.input)
    const scan = scanBelow(node.input)
    const input = scan === undefined ? this.translate(node.input) : this.#unnormalized(node.input)
    const draft = this.#share({ kind: 'watermark', strategy: node.strategy, schema: node.schema }, [input])
    return scan === undefined
      ? draft
      : this.#normalized({ ...scan, columns: columnNames(node), schema: node.schema }, draft)
  }

  /** The source, or the calc over it, that a watermark sits on: a changelog is normalized above the watermark. */
  #unnormalized(node: LogicalNode): Draft {
    if (node.kind === 'scan') return this.#source(node)
    const program = programOf(node, this.#rules)
    const input = program.base.kind === 'scan' ? this.#source(program.base) : this.translate(program.base)
    if (isIdentity(program)) return input
    return this.#share({ kind: 'calc', projections: program.projections, schema: program.schema }, [input])
  }

  /** A stream without -U, or with repeated events, becomes a full changelog; dropped later where nobody needs it. */
  #normalized(scan: Scan, input: Draft): Draft {
    const mode = sourceMode(scan, this.#rules)
    if (!mode.updateAfter && !mode.delete) return input
    if (mode.updateBefore && !duplicatesEvents(this.#rules)) return input
    const keys = (scan.table.primaryKey?.columns ?? []).map((name) => scan.columns.indexOf(name))
    if (keys.length === 0 || keys.includes(-1)) return input
    const { schema } = scan
    // By key, the row after an update is enough; a -U would end the row and begin another.
    const upserts = mode.updateBefore ? this.#share({ kind: 'drop-update-before', schema }, [input]) : input
    return this.#share(
      { kind: 'changelog-normalize', keys, emitUpdateBefore: true, stateTtl: this.#stateTtl, schema },
      [upserts],
    )
  }

  /** Rows that replace others by key become a full changelog, as those of a source do. */
  #fromChangelog({ input, spec, schema, position }: FromChangelog): Draft {
    const told = { kind: 'from-changelog' as const, spec, schema }
    const draft = this.#share(told, [this.translate(input)], this.#shareSubPlans, position)
    if (spec.keys === undefined) return draft
    const keys = spec.keys.map((key) => behindOp(key, spec.op))
    const normalized = { kind: 'changelog-normalize' as const, keys, emitUpdateBefore: true, stateTtl: this.#stateTtl }
    return this.#share({ ...normalized, schema }, [draft])
  }

  #join(node: Join): Draft {
    const { left, right, joinType, stateTtl, position } = node
    const cleanup = this.#rules.planner.configuration.duration('table.exec.interval-join.min-cleanup-interval')
    const timed = windowJoin(node) ?? intervalJoin(node, cleanup)
    if (timed !== undefined) {
      return this.#share(timed, [this.translate(left), this.translate(right)], this.#shareSubPlans, position)
    }
    const keys = joinKeys(node.condition, left.schema.fields.length)
    const fields = node.schema.fields.map((field): Field => ({ ...field, type: withoutTimeAttribute(field.type) }))
    const inputs = [this.translate(left), this.translate(right)]
    const draft: DraftNode = {
      kind: 'join',
      joinType,
      left: { keys: keys.left, retracts: false, stateTtl: stateTtl?.left ?? this.#stateTtl },
      right: { keys: keys.right, retracts: false, stateTtl: stateTtl?.right ?? this.#stateTtl },
      filterNulls: keys.filterNulls,
      emitUpdateBefore: false,
      ...(keys.remainder === undefined ? {} : { condition: keys.remainder }),
      schema: { fields },
    }
    return this.#share(draft, inputs, this.#shareSubPlans, position)
  }

  #temporalJoin(node: TemporalJoin): Draft {
    const { left, right, leftTime, position } = node
    const input = this.translate(left)
    if (leftTime === undefined)
      return this.#share(lookupJoin(node, this.#rules), [input], this.#shareSubPlans, position)
    const versions = this.translate(right)
    const joined = versionedJoin(node, leftTime, knownKeys(versions), this.#stateTtl)
    return this.#share(joined, [input, versions], this.#shareSubPlans, position)
  }

  #limit(node: Limit): Draft {
    const { offset, fetch, schema, position } = node
    const limit = { kind: 'limit' as const, offset, fetch, schema, ...undecided(this.#stateTtl) }
    return this.#register(createDraft(limit, [this.translate(node.input)], position))
  }

  #sink(node: Sink): Draft {
    const { table, options, columns, overwrite, position } = node
    const { configuration } = this.#rules.planner
    const primaryKey = (table.primaryKey?.columns ?? []).map((name) => columns.indexOf(name))
    const declared = new Map(
      table.columns.map((column) => [column.name, column.kind === 'computed' ? undefined : column.type]),
    )
    const notNull = columns.flatMap((name, index) => (declared.get(name)?.nullable === false ? [index] : []))
    const fields = node.schema.fields.map((field): Field => ({ ...field, type: withoutTimeAttribute(field.type) }))
    const enforcer = configuration.get('table.exec.sink.not-null-enforcer')?.toUpperCase() === 'DROP' ? 'DROP' : 'ERROR'
    const input = this.translate(node.input)
    return createDraft(
      {
        kind: 'sink',
        table,
        options,
        columns,
        overwrite,
        primaryKey,
        notNull,
        notNullEnforcer: enforcer,
        ...(node.onConflict === undefined ? {} : { onConflict: node.onConflict }),
        ...typeLengthEnforcer(configuration.get('table.exec.sink.type-length-enforcer')),
        schema: { fields },
      },
      [input],
      position,
    )
  }
}

function typeLengthEnforcer(setting: string | undefined): { typeLengthEnforcer?: 'TRIM_PAD' | 'ERROR' } {
  const strategy = setting?.toUpperCase()
  return strategy === 'TRIM_PAD' || strategy === 'ERROR' ? { typeLengthEnforcer: strategy } : {}
}

/** The scan below a chain of projections. */
function scanBelow(node: LogicalNode): Scan | undefined {
  if (node.kind === 'scan') return node
  return node.kind === 'project' ? scanBelow(node.input) : undefined
}

/** For each column of the node the table's column that it is, or an empty name. */
function columnNames(node: LogicalNode): readonly string[] {
  if (node.kind === 'scan') return node.columns
  if (node.kind === 'watermark') return columnNames(node.input)
  if (node.kind !== 'project') return []
  const below = columnNames(node.input)
  return node.expressions.map((expression) => (expression.kind === 'input' ? (below[expression.index] ?? '') : ''))
}
