/** SQL types and schemas as apache-arrow's own. */
import * as arrow from 'apache-arrow'
import { MillraceError, unreachable } from './errors.ts'
import { mapTypes, type Schema, type SqlType, timestampUnit, withNullability } from './types.ts'

/** The Arrow type that a SQL type is handed out as. TIMESTAMP_LTZ carries the zone UTC. */
export function toArrowType(type: SqlType): arrow.DataType {
  switch (type.kind) {
    case 'BOOLEAN':
      return new arrow.Bool()
    case 'TINYINT':
      return new arrow.Int8()
    case 'SMALLINT':
      return new arrow.Int16()
    case 'INT':
      return new arrow.Int32()
    case 'BIGINT':
      return new arrow.Int64()
    case 'FLOAT':
      return new arrow.Float32()
    case 'DOUBLE':
      return new arrow.Float64()
    case 'DECIMAL':
      return new arrow.Decimal(type.scale, type.precision, 128)
    case 'DATE':
      return new arrow.DateDay()
    case 'TIME':
      return new arrow.TimeMillisecond()
    case 'TIMESTAMP':
      return new arrow.Timestamp(arrowUnit(type.precision))
    case 'TIMESTAMP_LTZ':
      return new arrow.Timestamp(arrowUnit(type.precision), 'UTC')
    case 'INTERVAL_YEAR_MONTH':
      return new arrow.IntervalYearMonth()
    case 'INTERVAL_DAY_TIME':
      return new arrow.DurationMillisecond()
    case 'CHAR':
    case 'VARCHAR':
      return new arrow.Utf8()
    case 'BINARY':
    case 'VARBINARY':
    case 'RAW':
    case 'VARIANT':
    case 'BITMAP':
      return new arrow.Binary()
    case 'ARRAY':
      return new arrow.List(arrowField('item', type.element))
    case 'MAP':
    case 'MULTISET':
      return arrowMapType(type)
    case 'ROW':
      return new arrow.Struct(type.fields.map((field) => arrowField(field.name, field.type)))
    case 'NULL':
      return new arrow.Null()
    default:
      return unreachable(type)
  }
}

function arrowField(name: string, type: SqlType): arrow.Field {
  return new arrow.Field(name, toArrowType(type), type.nullable)
}

function arrowMapType(type: SqlType): arrow.DataType {
  const pair = mapTypes(type)
  if (pair === undefined) throw new MillraceError('INTERNAL_ERROR', `${type.kind} is no map`)
  const entries = new arrow.Struct<{ key: arrow.DataType; value: arrow.DataType }>([
    arrowField('key', withNullability(pair.key, false)),
    arrowField('value', pair.value),
  ])
  return new arrow.Map_(new arrow.Field('entries', entries, false))
}

function arrowUnit(precision: number): arrow.TimeUnit {
  const unit = timestampUnit(precision)
  if (unit === 'millisecond') return arrow.TimeUnit.MILLISECOND
  return unit === 'microsecond' ? arrow.TimeUnit.MICROSECOND : arrow.TimeUnit.NANOSECOND
}

export function toArrowSchema(schema: Schema): arrow.Schema {
  return new arrow.Schema(schema.fields.map((field) => arrowField(field.name, field.type)))
}
