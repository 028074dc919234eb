/** Completion of keywords, tables, columns, functions, option keys and configuration keys. */
import { CONFIGURATION_KEYS } from '../../catalog/configuration-keys.ts'
import { KEYWORDS } from '../../parser/keywords.ts'
import { tokenize } from '../../parser/lexer.ts'
import type { Session } from '../../session/session.ts'
import type { Completion } from './terminal-editor.ts'

const TABLE_POSITION = /\b(from|join|into|describe|desc|table|view|overwrite)\s+$/i

export function completeSql(text: string, cursor: number, session: Session): Completion {
  const before = text.slice(0, cursor)
  const quoted = /'([^'\n]*)$/.exec(before)
  if (quoted !== null && (before.split("'").length - 1) % 2 === 1)
    return completeString(before, quoted[1] ?? '', session)
  const word = /[\w$]*$/.exec(before)?.[0] ?? ''
  const start = cursor - word.length
  const head = before.slice(0, start)
  const qualifier = /([\w$`]+)\.$/.exec(head)?.[1]
  const names =
    qualifier !== undefined
      ? columnsOf(qualifier.replaceAll('`', ''), text, session)
      : TABLE_POSITION.test(head)
        ? session.catalog.tableNames()
        : candidates(text, word, session)
  return { start, candidates: matching(names, word) }
}

function matching(names: readonly string[], word: string): string[] {
  const lower = word.toLowerCase()
  return [...new Set(names.filter((name) => name.toLowerCase().startsWith(lower)))].sort((a, b) =>
    a.toLowerCase() < b.toLowerCase() ? -1 : 1,
  )
}

function candidates(text: string, word: string, session: Session): string[] {
  if (word === '') return []
  const upper = word === word.toUpperCase()
  const keywords = [...KEYWORDS].map((keyword) => (upper ? keyword : keyword.toLowerCase()))
  const functions = session.functions.names().map((name) => (upper ? name : name.toLowerCase()))
  return [...columnsInScope(text, session), ...session.catalog.tableNames(), ...keywords, ...functions]
}

/** Columns of the tables that the text names. */
function columnsInScope(text: string, session: Session): string[] {
  const words = new Set(tokenize(text).map((token) => text.slice(token.start, token.end).replaceAll('`', '')))
  return session.catalog
    .tableNames()
    .filter((name) => words.has(name))
    .flatMap((name) => columnNames(name, session))
}

/** Columns behind a table name or an alias of one (`FROM orders AS o`, `JOIN orders o`). */
function columnsOf(qualifier: string, text: string, session: Session): string[] {
  const direct = columnNames(qualifier, session)
  if (direct.length > 0) return direct
  const alias = new RegExp(`([\\w$]+)\`?\\s+(?:as\\s+)?\`?${qualifier.replace(/\$/g, '\\$')}\`?\\b`, 'i').exec(text)
  return alias?.[1] === undefined ? [] : columnNames(alias[1], session)
}

function columnNames(table: string, session: Session): string[] {
  const entry = session.catalog.findTable([table])
  if (entry === undefined) return []
  return entry.kind === 'table' ? entry.columns.map((column) => column.name) : [...(entry.columnNames ?? [])]
}

/** Inside quotes: keys of WITH (…) for the connector named before, keys of SET. */
function completeString(before: string, word: string, session: Session): Completion {
  const start = before.length - word.length
  if (/\b(re)?set\s+'[^']*$/i.test(before))
    return {
      start,
      candidates: matching(
        CONFIGURATION_KEYS.map((spec) => spec.key),
        word,
      ),
    }
  if (/=\s*'[^']*$/.test(before)) {
    const key = /'([^']*)'\s*=\s*'[^']*$/.exec(before)?.[1]
    const context = session.plannerContext()
    const values =
      key === 'connector'
        ? [...context.connectors.keys()]
        : key?.endsWith('format') === true
          ? [...context.formats.keys()]
          : enumValues(before, key, session)
    return { start, candidates: matching(values, word) }
  }
  return {
    start,
    candidates: matching(
      optionSpecs(before, session)
        .map((spec) => spec.key)
        .filter((key) => !/[*#]/.test(key)),
      word,
    ),
  }
}

function optionSpecs(before: string, session: Session) {
  const connector = /'connector'\s*=\s*'([^']*)'/i.exec(
    before.slice(Math.max(0, before.toLowerCase().lastIndexOf('with'))),
  )?.[1]
  return session.plannerContext().connectors.get(connector ?? '')?.options ?? []
}

function enumValues(before: string, key: string | undefined, session: Session): readonly string[] {
  return optionSpecs(before, session).find((spec) => spec.key === key)?.values ?? []
}
