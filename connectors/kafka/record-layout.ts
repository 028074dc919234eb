/** Which columns of a table come from a record's key, from its value and from the record itself. */
import type { CatalogTable } from '../../catalog/table.ts'
import { MillraceError } from '../../core/errors.ts'
import type { OptionValues } from '../../core/options.ts'
import { didYouMean } from '../../core/suggest.ts'
import type { Field } from '../../core/types.ts'
import type { Format } from '../api/format.ts'
import { loadFormat } from '../formats/index.ts'

export interface RecordLayout {
  /** Fields of the key as its format sees them (without the prefix), and the columns that they are. */
  readonly keyFields: readonly Field[]
  readonly keyColumns: readonly string[]
  readonly valueFields: readonly Field[]
  readonly valueColumns: readonly string[]
  readonly keyFormat: { readonly format: Format; readonly prefix: string } | undefined
  readonly valueFormat: { readonly format: Format; readonly prefix: string }
}

export async function createLayout(
  table: CatalogTable,
  options: OptionValues,
  keyColumns: readonly string[],
): Promise<RecordLayout> {
  const physical = table.columns.flatMap((column): Field[] =>
    column.kind === 'physical' ? [{ name: column.name, type: column.type }] : [],
  )
  const prefix = options.optionalString('key.fields-prefix') ?? ''
  const keyFields = keyColumns.map((name): Field => {
    const field = physical.find((candidate) => candidate.name === name)
    if (field === undefined) {
      throw new MillraceError(
        'INVALID_OPTION',
        `key column "${name}" is not a physical column of table "${table.path.name}"`,
        {
          hint: didYouMean(
            name,
            physical.map((candidate) => candidate.name),
          ),
        },
      )
    }
    if (!name.startsWith(prefix)) {
      throw new MillraceError(
        'INVALID_OPTION',
        `key column "${name}" does not begin with 'key.fields-prefix' = '${prefix}'`,
      )
    }
    return { name: name.slice(prefix.length), type: field.type }
  })
  const withoutKey = options.optionalString('value.fields-include')?.toUpperCase() === 'EXCEPT_KEY'
  const valueFields = physical.filter((field) => !withoutKey || !keyColumns.includes(field.name))
  const valueName = options.optionalString('value.format') ?? options.optionalString('format')
  if (valueName === undefined) {
    throw new MillraceError('MISSING_OPTION', `table "${table.path.name}" needs option "format"`, {
      hint: "Add 'format' = 'json' to WITH (…).",
    })
  }
  const keyName = options.optionalString('key.format')
  return {
    keyFields,
    keyColumns,
    valueFields,
    valueColumns: valueFields.map((field) => field.name),
    keyFormat: keyName === undefined ? undefined : { format: await loadFormat(keyName), prefix: `key.${keyName}.` },
    valueFormat: {
      format: await loadFormat(valueName),
      prefix: options.has('value.format') ? `value.${valueName}.` : `${valueName}.`,
    },
  }
}
