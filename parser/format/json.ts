/** The SQL/JSON functions as text. */
import { unreachable } from '../../core/errors.ts'
import type { Expression, JsonEntry, JsonItem, JsonValueBehavior } from '../ast/expression.ts'
import { LEVEL } from '../precedence.ts'
import { formatFilter, formatOrderBy } from './call.ts'
import { list, words } from './name.ts'
import type { Printer } from './printer.ts'
import { formatType } from './type.ts'

type JsonExpression = Extract<Expression, { readonly kind: `json-${string}` }>

export function formatJson(p: Printer, e: JsonExpression): string {
  switch (e.kind) {
    case 'json-exists':
      return `JSON_EXISTS(${words(formatInput(p, e), e.onError && `${e.onError} ON ERROR`)})`
    case 'json-value':
      return `JSON_VALUE(${words(
        formatInput(p, e),
        e.returning && `RETURNING ${formatType(e.returning)}`,
        e.onEmpty && `${formatBehavior(p, e.onEmpty)} ON EMPTY`,
        e.onError && `${formatBehavior(p, e.onError)} ON ERROR`,
      )})`
    case 'json-query':
      return `JSON_QUERY(${words(
        formatInput(p, e),
        e.returning && `RETURNING ${formatType(e.returning)}`,
        e.wrapper && `${e.wrapper === 'WITHOUT' ? e.wrapper : `WITH ${e.wrapper}`} ARRAY WRAPPER`,
        e.onEmpty && `${e.onEmpty} ON EMPTY`,
        e.onError && `${e.onError} ON ERROR`,
      )})`
    case 'json-object':
      return `JSON_OBJECT(${words(
        list(e.entries, (entry) => formatEntry(p, entry)),
        formatOnNull(e),
      )})`
    case 'json-array':
      return `JSON_ARRAY(${words(
        list(e.items, (item) => formatItem(p, item)),
        formatOnNull(e),
      )})`
    case 'json-objectagg':
      return words(`JSON_OBJECTAGG(${words(formatEntry(p, e.entry), formatOnNull(e))})`, formatFilter(p, e.filter))
    case 'json-arrayagg': {
      const content = words(formatItem(p, e.item), formatOrderBy(p, e.orderBy), formatOnNull(e))
      return words(`JSON_ARRAYAGG(${content})`, formatFilter(p, e.filter))
    }
    default:
      return unreachable(e)
  }
}

function formatInput(p: Printer, { input, path }: { readonly input: Expression; readonly path: Expression }): string {
  return `${p.expression(input)}, ${p.expression(path)}`
}

function formatBehavior(p: Printer, { action, value }: JsonValueBehavior): string {
  return words(action, value && p.expression(value, LEVEL.additive))
}

function formatEntry(p: Printer, { key, value, formatJson }: JsonEntry): string {
  return words('KEY', p.expression(key), 'VALUE', p.expression(value), formatJson && 'FORMAT JSON')
}

function formatItem(p: Printer, { value, formatJson }: JsonItem): string {
  return words(p.expression(value), formatJson && 'FORMAT JSON')
}

function formatOnNull({ onNull }: { readonly onNull?: 'NULL' | 'ABSENT' }): string | undefined {
  return onNull && `${onNull} ON NULL`
}
