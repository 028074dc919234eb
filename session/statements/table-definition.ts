/** The parts of CREATE TABLE and ALTER TABLE as the catalog holds them. */
import type { PrimaryKey, TableColumn, WatermarkSpec } from '../../catalog/table.ts'
import { MillraceError } from '../../core/errors.ts'
import { withNullability } from '../../core/types.ts'
import type { ColumnDefinition, Distribution, TableConstraint, Watermark } from '../../parser/ast.ts'
import { positionOf } from '../../parser/ast.ts'
import { formatExpression } from '../../parser/format.ts'
import { bindType } from '../../planner/bind/types.ts'
import { located } from '../scope.ts'
import { namesOf } from './names.ts'

interface Text {
  readonly sql: string
}

export function columnOfDefinition(definition: ColumnDefinition, scope: Text): TableColumn {
  const comment = definition.comment === undefined ? {} : { comment: definition.comment.value }
  const name = definition.name.name
  switch (definition.kind) {
    case 'physical-column': {
      const type = located(scope, definition.type.span, () => bindType(definition.type))
      return { kind: 'physical', name, type, ...comment }
    }
    case 'metadata-column': {
      const type = located(scope, definition.type.span, () => bindType(definition.type))
      const from = definition.from === undefined ? {} : { from: definition.from.value }
      return { kind: 'metadata', name, type, virtual: definition.virtual, ...from, ...comment }
    }
    default:
      return { kind: 'computed', name, expression: formatExpression(definition.expression), ...comment }
  }
}

export function watermarkOf(watermarks: readonly Watermark[], scope: Text): WatermarkSpec | undefined {
  const [first, second] = watermarks
  if (second !== undefined) {
    throw new MillraceError('INVALID_DEFINITION', 'a table has one watermark at the most', {
      position: positionOf(scope.sql, second.span),
    })
  }
  return first === undefined
    ? undefined
    : { column: namesOf(first.column), expression: formatExpression(first.expression) }
}

/** Of all constraints of the statement, those behind a column included. */
export function primaryKeyOf(constraints: readonly TableConstraint[], scope: Text): PrimaryKey | undefined {
  const [first, second] = constraints
  for (const constraint of constraints) {
    if (constraint.type === 'UNIQUE') {
      throw new MillraceError('UNSUPPORTED_FEATURE', 'UNIQUE constraints are not supported', {
        position: positionOf(scope.sql, constraint.span),
      })
    }
    if (constraint.enforced !== false) {
      throw new MillraceError('INVALID_DEFINITION', 'a primary key must be declared NOT ENFORCED', {
        position: positionOf(scope.sql, constraint.span),
        detail: 'The engine does not own the data and cannot check that keys are unique.',
        hint: 'Write PRIMARY KEY (…) NOT ENFORCED.',
      })
    }
  }
  if (second !== undefined) {
    throw new MillraceError('INVALID_DEFINITION', 'a table has one primary key at the most', {
      position: positionOf(scope.sql, second.span),
    })
  }
  if (first === undefined) return undefined
  const name = first.name === undefined ? {} : { name: first.name.name }
  return { columns: first.columns.map((column) => column.name), ...name }
}

/** Columns of the primary key are NOT NULL, whatever was written. */
export function withKeyNotNull(columns: readonly TableColumn[], key: PrimaryKey | undefined): TableColumn[] {
  return columns.map((column) =>
    column.kind === 'physical' && key?.columns.includes(column.name) === true
      ? { ...column, type: withNullability(column.type, false) }
      : column,
  )
}

export function distributionOf(distribution: Distribution): {
  readonly kind?: 'HASH' | 'RANGE'
  readonly columns: readonly string[]
  readonly buckets?: number
} {
  return {
    columns: distribution.columns.map((column) => column.name),
    ...(distribution.method === undefined ? {} : { kind: distribution.method }),
    ...(distribution.buckets === undefined ? {} : { buckets: distribution.buckets }),
  }
}
