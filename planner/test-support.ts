/** For the planner's tests: tables from DDL, connectors and functions with just enough to plan. */
import { Catalog } from '../catalog/catalog.ts'
import { Configuration } from '../catalog/configuration.ts'
import { ALL_CHANGES, type ChangelogMode, type ConnectorDescriptor, INSERT_ONLY, UPSERT } from '../catalog/connector.ts'
import type { BoundSignature, FunctionSpec } from '../catalog/function.ts'
import type { PlannerContext } from '../catalog/reader.ts'
import type { CatalogTable, TableColumn } from '../catalog/table.ts'
import { formatError, MillraceError } from '../core/errors.ts'
import { BIGINT, BOOLEAN, DOUBLE, type SqlType, STRING, timestampLtz, withNullability } from '../core/types.ts'
import type { ColumnDefinition, CreateTable } from '../parser/ast.ts'
import { parseStatement } from '../parser/parse.ts'
import {
  arithmeticType,
  commonType,
  comparisonType,
  isCharacter,
  isInteger,
  isInterval,
  isNumeric,
} from './bind/coercion.ts'
import { bindType } from './bind/types.ts'

type Bind = (types: readonly SqlType[]) => BoundSignature | undefined

function spec(name: string, bind: Bind, more: Partial<FunctionSpec> = {}): FunctionSpec {
  return {
    name,
    kind: 'scalar',
    category: 'auxiliary',
    signatures: [],
    description: name,
    examples: [],
    bind: (args) => bind(args.map((arg) => arg.type)),
    ...more,
  }
}

function anyNullable(types: readonly SqlType[]): boolean {
  return types.some((type) => type.nullable)
}

const comparison: Bind = (types) => {
  const [a, b] = types
  const common = a === undefined || b === undefined ? undefined : comparisonType(a, b)
  if (common === undefined) return undefined
  return { argumentTypes: [common, common], returnType: withNullability(BOOLEAN, anyNullable(types)) }
}

const logic: Bind = (types) => ({ argumentTypes: types, returnType: withNullability(BOOLEAN, anyNullable(types)) })
const test: Bind = (types) => ({ argumentTypes: types, returnType: withNullability(BOOLEAN, false) })

const inList: Bind = (types) => {
  let common: SqlType | undefined = types[0]
  for (const type of types.slice(1)) common = common === undefined ? undefined : comparisonType(common, type)
  if (common === undefined) return undefined
  const target = common
  return { argumentTypes: types.map(() => target), returnType: withNullability(BOOLEAN, anyNullable(types)) }
}

function arithmetic(operator: '+' | '-' | '*' | '/' | '%'): Bind {
  return ([a, b]) => {
    if (a === undefined || b === undefined) return undefined
    if ((a.kind === 'TIMESTAMP' || a.kind === 'TIMESTAMP_LTZ') && isInterval(b)) {
      return { argumentTypes: [a, b], returnType: withNullability(a, a.nullable || b.nullable) }
    }
    const returnType = arithmeticType(operator, a, b)
    if (returnType === undefined) return undefined
    const decimal = returnType.kind === 'DECIMAL'
    return { argumentTypes: decimal ? [a, b] : [returnType, returnType], returnType }
  }
}

function text(result: SqlType = STRING): Bind {
  return (types) => {
    const [first] = types
    if (first === undefined || !isCharacter(first)) return undefined
    return { argumentTypes: types, returnType: withNullability(result, anyNullable(types)) }
  }
}

function aggregate(name: string, result: (type: SqlType) => SqlType | undefined): FunctionSpec {
  const bind: Bind = ([type]) => {
    const returnType = type === undefined ? undefined : result(type)
    return type === undefined || returnType === undefined ? undefined : { argumentTypes: [type], returnType }
  }
  return spec(name, bind, { kind: 'aggregate', category: 'aggregate', signatures: [`${name}(value)`] })
}

function sumType(type: SqlType): SqlType | undefined {
  if (type.kind === 'DECIMAL') return { ...type, precision: 38 }
  return isNumeric(type) ? type : undefined
}

const COUNT = spec('COUNT', (types) => ({ argumentTypes: types, returnType: withNullability(BIGINT, false) }), {
  kind: 'aggregate',
  category: 'aggregate',
})

const TEST_FUNCTIONS: readonly FunctionSpec[] = [
  ...['=', '<>', '<', '<=', '>', '>=', 'IS DISTINCT FROM', 'IS NOT DISTINCT FROM'].map((name) =>
    spec(name, comparison),
  ),
  ...['AND', 'OR', 'NOT'].map((name) => spec(name, logic)),
  ...['IS NULL', 'IS NOT NULL', 'IS TRUE'].map((name) => spec(name, test)),
  ...['IN', 'NOT IN'].map((name) => spec(name, inList)),
  ...(['+', '-', '*', '/', '%'] as const).map((name) => spec(name, arithmetic(name))),
  spec('NEGATE', ([type]) =>
    type !== undefined && isNumeric(type) ? { argumentTypes: [type], returnType: type } : undefined,
  ),
  ...['LIKE', 'NOT LIKE'].map((name) => spec(name, text(BOOLEAN))),
  spec('UPPER', text(), { signatures: ['UPPER(string)'] }),
  spec('SUBSTRING', text(), { signatures: ['SUBSTRING(string, start [, length])'] }),
  spec('RAND', () => ({ argumentTypes: [], returnType: withNullability(DOUBLE, false) }), { deterministic: false }),
  spec('CURRENT_TIMESTAMP', () => ({ argumentTypes: [], returnType: withNullability(timestampLtz(3), false) }), {
    deterministic: false,
  }),
  spec('COALESCE', (types) => {
    const returnType = commonType(types)
    return returnType === undefined ? undefined : { argumentTypes: types.map(() => returnType), returnType }
  }),
  spec('ITEM', ([type]) =>
    type?.kind === 'ARRAY' ? { argumentTypes: [], returnType: withNullability(type.element, true) } : undefined,
  ),
  spec('DATE_FORMAT', ([time, format]) => {
    if (time?.kind !== 'TIMESTAMP' || format === undefined) return undefined
    return { argumentTypes: [time, format], returnType: withNullability(STRING, time.nullable) }
  }),
  COUNT,
  aggregate('SUM', sumType),
  aggregate('AVG', (type) => (isInteger(type) || isNumeric(type) ? type : undefined)),
  aggregate('MIN', (type) => type),
  aggregate('MAX', (type) => type),
  ...['ROW_NUMBER', 'RANK', 'DENSE_RANK'].map((name) => spec(name, numbering, { kind: 'window', category: 'window' })),
  ...['LAG', 'LEAD'].map((name) => spec(name, neighbour, { kind: 'window', category: 'window' })),
]

function numbering(types: readonly SqlType[]): BoundSignature | undefined {
  return types.length === 0 ? { argumentTypes: [], returnType: withNullability(BIGINT, false) } : undefined
}

function neighbour(types: readonly SqlType[]): BoundSignature | undefined {
  const [value] = types
  return value === undefined ? undefined : { argumentTypes: types, returnType: withNullability(value, true) }
}

function connector(name: string, parts: Partial<ConnectorDescriptor>): ConnectorDescriptor {
  return { name, title: name, description: name, options: [], metadata: [], example: '', ...parts }
}

function sourceOf(
  mode: ChangelogMode,
  more: { projectionPushDown?: boolean; nestedProjectionPushDown?: boolean; reusable?: boolean } = {},
): NonNullable<ConnectorDescriptor['source']> {
  return {
    changelogMode: () => mode,
    isBounded: () => false,
    guarantee: 'exactly-once',
    projectionPushDown: true,
    reusable: true,
    ...more,
  }
}

function sinkOf(mode: ChangelogMode, more: { overwrite?: boolean } = {}): NonNullable<ConnectorDescriptor['sink']> {
  return { changelogMode: () => mode, guarantee: () => 'at-least-once', partitions: true, overwrite: false, ...more }
}

const TEST_CONNECTORS: readonly ConnectorDescriptor[] = [
  connector('append', {
    source: sourceOf(INSERT_ONLY),
    sink: sinkOf(INSERT_ONLY, { overwrite: true }),
    options: [
      { key: 'path', type: 'string', description: 'Where.' },
      { key: 'rate', type: 'int', description: 'Rows a second.' },
    ],
    metadata: [
      { key: 'timestamp', type: timestampLtz(3), writable: true, description: 'When.' },
      { key: 'offset', type: BIGINT, writable: false, description: 'Where.' },
    ],
  }),
  connector('upsert', { source: sourceOf(UPSERT), sink: sinkOf(UPSERT) }),
  connector('cdc', { source: sourceOf(ALL_CHANGES) }),
  connector('lookup', { source: sourceOf(INSERT_ONLY), lookup: { byKey: true } }),
  connector('retract', { sink: sinkOf(ALL_CHANGES) }),
  connector('nested', { source: sourceOf(INSERT_ONLY, { nestedProjectionPushDown: true }) }),
  connector('whole', { source: sourceOf(INSERT_ONLY, { projectionPushDown: false, reusable: false }) }),
]

function columnOf(definition: ColumnDefinition, sql: string, keys: readonly string[]): TableColumn {
  const name = definition.name.name
  switch (definition.kind) {
    case 'computed-column':
      return {
        kind: 'computed',
        name,
        expression: sql.slice(definition.expression.span.start, definition.expression.span.end),
      }
    case 'metadata-column': {
      const type = bindType(definition.type)
      const from = definition.from === undefined ? {} : { from: definition.from.value }
      return { kind: 'metadata', name, type, virtual: definition.virtual, ...from }
    }
    default: {
      const type = bindType(definition.type)
      return { kind: 'physical', name, type: keys.includes(name) ? withNullability(type, false) : type }
    }
  }
}

function tableOf(statement: CreateTable, sql: string, catalog: Catalog): CatalogTable {
  const key = statement.constraints[0]?.columns.map((column) => column.name)
  const [watermark] = statement.watermarks
  return {
    kind: 'table',
    path: catalog.resolvePath(statement.name.parts.map((part) => part.name)),
    temporary: false,
    columns: statement.columns.map((column) => columnOf(column, sql, key ?? [])),
    partitionKeys: statement.partitionedBy.map((column) => column.name),
    options: Object.fromEntries(statement.options.map(({ key: name, value }) => [name.value, value.value])),
    ...(key === undefined ? {} : { primaryKey: { columns: key } }),
    ...(watermark === undefined
      ? {}
      : {
          watermark: {
            column: watermark.column.parts.map((part) => part.name),
            expression: sql.slice(watermark.expression.span.start, watermark.expression.span.end),
          },
        }),
  }
}

export interface TestPlanner {
  readonly catalog: Catalog
  readonly configuration: Configuration
  readonly context: PlannerContext
}

/** A planner over the tables of the DDL (CREATE TABLE and CREATE VIEW). */
export function createTestPlanner(ddl: readonly string[]): TestPlanner {
  const catalog = new Catalog()
  const configuration = new Configuration()
  for (const sql of ddl) {
    const statement = parseStatement(sql)
    if (statement.kind === 'create-table') catalog.createTable(tableOf(statement, sql, catalog), false)
    if (statement.kind !== 'create-view') continue
    const query = sql.slice(statement.query.span.start, statement.query.span.end)
    const path = catalog.resolvePath(statement.name.parts.map((part) => part.name))
    catalog.createTable({ kind: 'view', path, temporary: false, query, originalQuery: query }, false)
  }
  const functions = new Map(TEST_FUNCTIONS.map((item) => [item.name, item]))
  const context: PlannerContext = {
    catalog,
    functions: { find: (name) => functions.get(name.toUpperCase()), names: () => [...functions.keys()] },
    connectors: new Map(TEST_CONNECTORS.map((item) => [item.name, item])),
    formats: new Map(),
    configuration,
  }
  return { catalog, configuration, context }
}

/** The error as a user sees it, with its caret. */
export function errorOf(sql: string, step: () => unknown): string {
  try {
    step()
  } catch (error) {
    if (error instanceof MillraceError) return formatError(error, sql)
    throw error
  }
  return 'no error'
}
