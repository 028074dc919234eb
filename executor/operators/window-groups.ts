/**
 * Groups of slices on their way from a LocalWindowAggregate to the WindowAggregate that adds them up. A row is a group:
 * the columns of its key, the end of its slice (local milliseconds), the state of its accumulators.
 */
import type { ChangeBatch } from '../../core/change-batch.ts'
import { invariant, unreachable } from '../../core/errors.ts'
import {
  BIGINT,
  BOOLEAN,
  BYTES,
  decimal,
  DOUBLE,
  FLOAT,
  INT,
  type Schema,
  SMALLINT,
  type SqlType,
  TINYINT,
  withNullability,
} from '../../core/types.ts'
import type { WindowAggregateNode } from '../../planner/physical/graph.ts'
import type { StoredKind } from '../../state/table/stored-column.ts'
import { planAggregates } from './aggregate-table.ts'

/** Types of the columns that say which group a result is of. */
export function keyTypesOf(node: WindowAggregateNode): readonly SqlType[] {
  return node.keys.map((_, index) => {
    const field = node.schema.fields[index]
    invariant(field !== undefined, 'a window aggregate has a field for each key')
    return field.type
  })
}

/** Of the groups of an aggregate whose accumulators can be merged. */
export function groupSchema(node: WindowAggregateNode): Schema {
  const types = keyTypesOf(node)
  const state = planAggregates(types, node.aggregates, false).accumulators.flatMap((plan) => plan.state)
  return {
    fields: [
      ...types.map((type, key) => ({ name: `key${key}`, type })),
      { name: 'slice_end', type: withNullability(DOUBLE, false) },
      ...state.map(({ kind }, n) => ({ name: `state${n}`, type: withNullability(stateType(kind), false) })),
    ],
  }
}

/** As inputs of the aggregate: the columns of the key come first. Without a key all groups are needed in one place. */
export function groupInputs(
  node: WindowAggregateNode,
): readonly { readonly schema: Schema; readonly keys: readonly number[] }[] | undefined {
  return node.keys.length === 0 ? undefined : [{ schema: groupSchema(node), keys: node.keys.map((_, key) => key) }]
}

/** @param keys how many columns the key has */
export function sliceEndsOf(batch: ChangeBatch, keys: number): Float64Array {
  const column = batch.columns[keys]
  invariant(column?.kind === 'f64', 'behind the key of a group is the end of its slice')
  return column.values
}

function stateType(kind: StoredKind): SqlType {
  switch (kind) {
    case 'bool':
      return BOOLEAN
    case 'i8':
      return TINYINT
    case 'i16':
      return SMALLINT
    case 'i32':
      return INT
    case 'i64':
      return BIGINT
    case 'f32':
      return FLOAT
    case 'f64':
      return DOUBLE
    case 'i128':
      return decimal(38, 0)
    case 'bytes':
    case 'encoded':
      return BYTES
    case 'null':
      return { kind: 'NULL', nullable: true }
    default:
      return unreachable(kind)
  }
}
