/** The order of fields in which a kernel expects records: learned from one of them. */
import type { SqlType } from '../../../../core/types.ts'
import type { FastColumn } from '../fast-path.ts'

export interface KernelField {
  readonly name: string
  /** undefined: to be skipped. */
  readonly column: FastColumn | undefined
  /** Of a ROW: its fields in the order in which they stand. */
  readonly fields: readonly KernelField[]
}

/** More fields than this are left to the general code. */
const MAX_FIELDS = 256

/**
 * @param record text of a valid record
 * @param known what earlier records had: a ROW that is NULL in this one keeps its order
 * @returns undefined where no kernel can be made for such records
 */
export function learnLayout(
  record: string,
  columns: readonly FastColumn[],
  known: readonly KernelField[],
): readonly KernelField[] | undefined {
  const sample: unknown = JSON.parse(record)
  const fields = isObject(sample) ? fieldsOf(sample, columns, known) : undefined
  return fields === undefined || countOf(fields) > MAX_FIELDS ? undefined : fields
}

function fieldsOf(
  sample: Readonly<Record<string, unknown>>,
  columns: readonly FastColumn[],
  known: readonly KernelField[],
): readonly KernelField[] | undefined {
  const fields: KernelField[] = []
  for (const [name, value] of Object.entries(sample)) {
    // JavaScript gives such keys first, wherever they stand.
    if (/^\d+$/.test(name)) return undefined
    const column = columns.find((candidate) => candidate.name === name)
    const before = known.find((field) => field.name === name)?.fields ?? declaredFields(column)
    const inner =
      column !== undefined && column.children.length > 0 && isObject(value)
        ? fieldsOf(value, column.children, before)
        : before
    if (inner === undefined) return undefined
    fields.push({ name, column, fields: inner })
  }
  return columns.every(({ name }) => fields.some((field) => field.name === name)) ? fields : undefined
}

function declaredFields(column: FastColumn | undefined): readonly KernelField[] {
  return (column?.children ?? []).map((child) => ({ name: child.name, column: child, fields: declaredFields(child) }))
}

function countOf(fields: readonly KernelField[]): number {
  return fields.reduce((sum, field) => sum + 1 + countOf(field.fields), 0)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether a kernel can read values of the type. */
export function isKernelType(type: SqlType): boolean {
  switch (type.kind) {
    case 'BOOLEAN':
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT':
    case 'BIGINT':
    case 'FLOAT':
    case 'DOUBLE':
    case 'DECIMAL':
    case 'DATE':
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
    case 'CHAR':
    case 'VARCHAR':
      return true
    case 'ROW':
      return type.fields.every((field) => isKernelType(field.type))
    default:
      return false
  }
}
