/** CREATE, ALTER, DROP and ANALYZE as text. */
import { unreachable } from '../../core/errors.ts'
import type {
  AlterMaterializedTableAction,
  AnalyzeTable,
  ChangeComment,
  CreateFunction,
  CreateMaterializedTable,
  CreateModel,
  CreateTable,
  CreateView,
  DdlStatement,
  FunctionScope,
  PartitionDefinition,
  StartMode,
} from '../ast/definition.ts'
import type { Identifier, ObjectName } from '../ast/node.ts'
import { formatIdentifier, formatNames, formatObjectName, formatString, list, parenthesize, words } from './name.ts'
import type { Printer } from './printer.ts'
import {
  formatColumn,
  formatColumnChange,
  formatComment,
  formatConstraint,
  formatDistribution,
  formatLayout,
  formatPartition,
  formatProperties,
  formatSchema,
  formatWatermark,
  formatWith,
} from './schema.ts'

export function formatDefinition(p: Printer, s: DdlStatement): string {
  switch (s.kind) {
    case 'create-table':
      return formatCreateTable(p, s)
    case 'create-materialized-table':
      return formatCreateMaterializedTable(p, s)
    case 'create-view':
      return formatCreateView(p, s)
    case 'create-function':
      return formatCreateFunction(s)
    case 'create-model':
      return formatCreateModel(p, s)
    case 'create-catalog':
      return create('CATALOG', s, formatIdentifier(s.name), formatComment(s.comment), formatWith(s.options))
    case 'create-database':
      return create('DATABASE', s, formatObjectName(s.name), formatComment(s.comment), formatWith(s.options))
    case 'alter-table':
      return alter('TABLE', s, formatAction(p, s.action))
    case 'alter-materialized-table':
      return alter('MATERIALIZED TABLE', s, formatAction(p, s.action))
    case 'alter-view':
      return alter('VIEW', s, formatAction(p, s.action))
    case 'alter-model':
      return alter('MODEL', s, formatAction(p, s.action))
    case 'alter-database':
      return alter('DATABASE', s, formatAction(p, s.action))
    case 'alter-catalog':
      return words('ALTER CATALOG', formatIdentifier(s.name), formatAction(p, s.action))
    case 'alter-function': {
      const body = words('AS', formatString(s.identifier), s.language && `LANGUAGE ${s.language}`)
      return alter(functionWord(s.scope), s, body)
    }
    case 'drop-table':
      return drop('TABLE', s, s.temporary)
    case 'drop-view':
      return drop('VIEW', s, s.temporary)
    case 'drop-model':
      return drop('MODEL', s, s.temporary)
    case 'drop-materialized-table':
      return drop('MATERIALIZED TABLE', s)
    case 'drop-function':
      return drop(functionWord(s.scope), s)
    case 'drop-database':
      return words(drop('DATABASE', s), s.behavior)
    case 'drop-catalog':
      return words('DROP CATALOG', s.ifExists && 'IF EXISTS', formatIdentifier(s.name))
    case 'analyze-table':
      return formatAnalyze(p, s)
    default:
      return unreachable(s)
  }
}

const functionWord = (scope: FunctionScope): string => (scope === 'CATALOG' ? 'FUNCTION' : `${scope} FUNCTION`)

function create(
  object: string,
  { ifNotExists }: { readonly ifNotExists: boolean },
  ...parts: (string | undefined)[]
): string {
  return words('CREATE', object, ifNotExists && 'IF NOT EXISTS', ...parts)
}

function alter(object: string, s: { readonly ifExists?: boolean; readonly name: ObjectName }, action: string): string {
  return words('ALTER', object, s.ifExists === true && 'IF EXISTS', formatObjectName(s.name), action)
}

function drop(object: string, s: { readonly ifExists: boolean; readonly name: ObjectName }, temporary = false): string {
  return words('DROP', temporary && 'TEMPORARY', object, s.ifExists && 'IF EXISTS', formatObjectName(s.name))
}

function formatCreateTable(p: Printer, s: CreateTable): string {
  const like =
    s.like &&
    words(
      `LIKE ${formatObjectName(s.like.source)}`,
      s.like.options.length > 0 &&
        `(${s.like.options.map(({ merging, feature }) => `${merging} ${feature}`).join(' ')})`,
    )
  return words(
    s.mode,
    s.temporary && 'TEMPORARY',
    'TABLE',
    s.ifNotExists && 'IF NOT EXISTS',
    formatObjectName(s.name),
    formatSchema(p, s),
    formatLayout(s),
    like,
    s.query && `AS ${p.query(s.query)}`,
  )
}

function formatCreateMaterializedTable(p: Printer, s: CreateMaterializedTable): string {
  return words(
    s.orAlter ? 'CREATE OR ALTER' : 'CREATE',
    'MATERIALIZED TABLE',
    s.ifNotExists && 'IF NOT EXISTS',
    formatObjectName(s.name),
    formatSchema(p, s),
    formatLayout(s),
    s.freshness && `FRESHNESS = ${p.expression(s.freshness)}`,
    s.refreshMode && `REFRESH_MODE = ${s.refreshMode}`,
    s.startMode && `START_MODE = ${formatStartMode(p, s.startMode)}`,
    `AS ${p.query(s.query)}`,
  )
}

function formatStartMode(p: Printer, { mode, argument }: StartMode): string {
  return argument === undefined ? mode : `${mode}(${p.expression(argument)})`
}

function formatCreateView(p: Printer, s: CreateView): string {
  return words(
    'CREATE',
    s.temporary && 'TEMPORARY',
    'VIEW',
    s.ifNotExists && 'IF NOT EXISTS',
    formatObjectName(s.name),
    s.columns.length > 0 && formatNames(s.columns),
    formatComment(s.comment),
    `AS ${p.query(s.query)}`,
  )
}

function formatCreateFunction(s: CreateFunction): string {
  const resources = list(s.resources, ({ type, path }) => `${type} ${formatString(path)}`)
  return create(
    functionWord(s.scope),
    s,
    formatObjectName(s.name),
    `AS ${formatString(s.identifier)}`,
    s.language && `LANGUAGE ${s.language}`,
    resources === '' ? undefined : `USING ${resources}`,
    formatWith(s.options),
  )
}

function formatCreateModel(p: Printer, s: CreateModel): string {
  const columns = (word: string, part: CreateModel['input']): string | false =>
    part.length > 0 && `${word} ${parenthesize(part, (column) => formatColumn(p, column))}`
  return words(
    'CREATE',
    s.temporary && 'TEMPORARY',
    'MODEL',
    s.ifNotExists && 'IF NOT EXISTS',
    formatObjectName(s.name),
    columns('INPUT', s.input),
    columns('OUTPUT', s.output),
    formatComment(s.comment),
    formatWith(s.options),
    s.query && `AS ${p.query(s.query)}`,
  )
}

function formatAnalyze(p: Printer, s: AnalyzeTable): string {
  return words(
    'ANALYZE TABLE',
    formatObjectName(s.name),
    formatPartition(p, s.partition),
    'COMPUTE STATISTICS',
    s.allColumns && 'FOR ALL COLUMNS',
    s.columns.length > 0 && `FOR COLUMNS ${list(s.columns, (column: Identifier) => formatIdentifier(column))}`,
  )
}

function formatAction(p: Printer, action: AlterMaterializedTableAction | ChangeComment): string {
  switch (action.kind) {
    case 'change-schema':
      return `${action.verb} (${[
        ...action.columns.map((column) => formatColumnChange(p, column)),
        ...action.watermarks.map((watermark) => formatWatermark(p, watermark)),
        ...action.constraints.map((constraint) => formatConstraint(constraint)),
      ].join(', ')})`
    case 'change-distribution':
      return `${action.verb} DISTRIBUTION ${formatDistribution(action.distribution)}`
    case 'add-partitions':
      return words('ADD', action.ifNotExists && 'IF NOT EXISTS', formatPartitions(p, action.partitions, ' '))
    case 'drop-partitions':
      return words('DROP', action.ifExists && 'IF EXISTS', formatPartitions(p, action.partitions, ', '))
    case 'drop-columns':
      return `DROP ${parenthesize(action.columns, formatObjectName)}`
    case 'drop-primary-key':
      return 'DROP PRIMARY KEY'
    case 'drop-constraint':
      return `DROP CONSTRAINT ${formatIdentifier(action.name)}`
    case 'drop-watermark':
      return 'DROP WATERMARK'
    case 'drop-distribution':
      return 'DROP DISTRIBUTION'
    case 'rename-column':
      return `RENAME ${formatObjectName(action.from)} TO ${formatObjectName(action.to)}`
    case 'rename':
      return `RENAME TO ${formatObjectName(action.to)}`
    case 'set-options':
      return `SET ${formatProperties(action.options)}`
    case 'reset-options':
      return `RESET ${parenthesize(action.keys, formatString)}`
    case 'change-query':
      return `AS ${p.query(action.query)}`
    case 'change-comment':
      return `COMMENT ${formatString(action.comment)}`
    case 'suspend':
      return 'SUSPEND'
    case 'resume':
      return words('RESUME', formatWith(action.options))
    case 'refresh':
      return words('REFRESH', formatPartition(p, action.partition))
    default:
      return unreachable(action)
  }
}

function formatPartitions(p: Printer, partitions: readonly PartitionDefinition[], separator: string): string {
  return partitions
    .map(({ entries, options }) => words(formatPartition(p, entries), formatWith(options)))
    .join(separator)
}
