/** UNNEST: the elements of a collection column as columns. */
import type { ChangeBatch } from '../../core/change-batch.ts'
import type { Column, ListColumn, MapColumn } from '../../core/column.ts'
import { gatherColumn, isNull } from '../../core/column-ops.ts'
import { invariant } from '../../core/errors.ts'
import { mapTypes, type Schema, type SqlType } from '../../core/types.ts'
import type { TableInvocation } from '../../planner/physical/graph.ts'
import type { Expansion, TableFunction } from './correlate.ts'
import { gatherOptional, withNulls } from './optional-rows.ts'

/** Where the elements are: positions in the collection's child, -1 for the NULLs of a row without elements. */
interface Places {
  readonly rows: Int32Array
  readonly positions: Int32Array
  readonly ordinals: Int32Array
  readonly count: number
}

export function createUnnest(invocation: Extract<TableInvocation, { kind: 'unnest' }>, input: Schema): TableFunction {
  const type = input.fields[invocation.args[0]]?.type
  invariant(type !== undefined, 'UNNEST has a collection')
  return (batch: ChangeBatch, outer: boolean): Expansion => {
    const column = batch.columns[invocation.args[0]]
    invariant(column?.kind === 'list' || column?.kind === 'map', 'a collection is a list or a map')
    const places = type.kind === 'MULTISET' ? copies(column, batch.rows, outer) : elements(column, batch.rows, outer)
    const columns = elementColumns(column, type, places)
    const ordinality: Column[] = invocation.withOrdinality
      ? [{ kind: 'i32', values: places.ordinals, nulls: null }]
      : []
    return { rows: places.rows, count: places.count, columns: [...columns, ...ordinality] }
  }
}

function lengthAt(column: ListColumn | MapColumn, row: number): number {
  return isNull(column, row) ? 0 : (column.lengths[row] as number)
}

/** Every element once. */
function elements(column: ListColumn | MapColumn, rows: number, outer: boolean): Places {
  let count = 0
  for (let row = 0; row < rows; row++) count += Math.max(lengthAt(column, row), outer ? 1 : 0)
  const places = emptyPlaces(count)
  let at = 0
  for (let row = 0; row < rows; row++) {
    const length = lengthAt(column, row)
    const start = column.starts[row] as number
    for (let i = 0; i < length; i++, at++) {
      places.rows[at] = row
      places.positions[at] = start + i
      places.ordinals[at] = i + 1
    }
    if (length === 0 && outer) {
      places.rows[at] = row
      places.positions[at++] = -1
    }
  }
  return places
}

/** Every element of a MULTISET as often as it is in it. */
function copies(column: ListColumn | MapColumn, rows: number, outer: boolean): Places {
  const counts = column.kind === 'map' && column.values.kind === 'i32' ? column.values.values : new Int32Array(0)
  const found: number[] = []
  const owners: number[] = []
  const ordinals: number[] = []
  for (let row = 0; row < rows; row++) {
    const length = lengthAt(column, row)
    const start = column.starts[row] as number
    let ordinal = 0
    for (let position = start; position < start + length; position++) {
      for (let copy = counts[position] ?? 0; copy > 0; copy--) {
        owners.push(row)
        found.push(position)
        ordinals.push(++ordinal)
      }
    }
    if (ordinal === 0 && outer) {
      owners.push(row)
      found.push(-1)
      ordinals.push(0)
    }
  }
  return {
    rows: Int32Array.from(owners),
    positions: Int32Array.from(found),
    ordinals: Int32Array.from(ordinals),
    count: found.length,
  }
}

function emptyPlaces(count: number): Places {
  return {
    rows: new Int32Array(count),
    positions: new Int32Array(count),
    ordinals: new Int32Array(count),
    count,
  }
}

function elementColumns(column: ListColumn | MapColumn, type: SqlType, places: Places): Column[] {
  const pair = mapTypes(type)
  if (column.kind === 'map') {
    invariant(pair !== undefined, 'a map column has a MAP or MULTISET type')
    if (type.kind === 'MULTISET') return spread(column.keys, pair.key, places)
    return [pick(column.keys, pair.key, places), pick(column.values, pair.value, places)]
  }
  invariant(type.kind === 'ARRAY', 'a list column has an ARRAY type')
  return spread(column.child, type.element, places)
}

/** ROWs become their fields; a NULL among them becomes NULLs. */
function spread(column: Column, type: SqlType, places: Places): Column[] {
  if (type.kind !== 'ROW') return [pick(column, type, places)]
  const row = pick(column, type, places)
  invariant(row.kind === 'row', 'a ROW is held in a row column')
  const { nulls } = row
  return nulls === null ? [...row.fields] : row.fields.map((field) => withNulls(field, nulls, places.count))
}

function pick(column: Column, type: SqlType, { positions, count }: Places): Column {
  return gatherOptional(positions, count, type, (present, rows) => gatherColumn(column, present, rows))
}
