/**
 * Writes the reference pages of docs/ from the specs in the code: `npm run docs` writes, `npm run docs:check` compares
 * and fails when a page is stale.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CONFIGURATION_KEYS } from '../catalog/configuration-keys.ts'
import type { ConnectorDescriptor, FormatDescriptor, MetadataColumn } from '../catalog/connector.ts'
import { CONNECTOR_DESCRIPTORS, FORMAT_DESCRIPTORS } from '../catalog/connectors/index.ts'
import type { FunctionSpec } from '../catalog/function.ts'
import { COMMON_SOURCE_OPTIONS } from '../catalog/table-options.ts'
import { ERROR_CODES } from '../core/error-codes.ts'
import type { OptionSpec } from '../core/options.ts'
import { typeToString } from '../core/types.ts'
import { AGGREGATE_FUNCTIONS } from '../executor/functions/aggregate/index.ts'
import { SCALAR_FUNCTIONS } from '../executor/functions/index.ts'
import { WINDOW_FUNCTIONS } from '../executor/functions/window.ts'

const ROOT = join(import.meta.dirname, '..', 'docs')
const NOTE = '<!-- Written by `npm run docs` from the specs in the code. Do not edit. -->'
/** Folders that hold nothing but generated pages. */
const GENERATED = ['connectors', 'formats', 'reference']

function pages(): Map<string, string> {
  const found = new Map<string, string>()
  for (const connector of CONNECTOR_DESCRIPTORS) found.set(`connectors/${connector.name}.md`, connectorPage(connector))
  for (const format of FORMAT_DESCRIPTORS) found.set(`formats/${format.name}.md`, formatPage(format))
  found.set('reference/functions.md', functionPage([...SCALAR_FUNCTIONS, ...AGGREGATE_FUNCTIONS, ...WINDOW_FUNCTIONS]))
  found.set('reference/configuration.md', configurationPage())
  found.set('reference/errors.md', errorPage())
  return found
}

function page(lines: readonly string[]): string {
  return `${[NOTE, '', ...lines].join('\n').trimEnd()}\n`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replace(/\s*\n\s*/g, ' ')
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line), '']
}

function optionTable(options: readonly OptionSpec[]): string[] {
  const taken = options.filter((option) => option.refused === undefined)
  const refused = options.filter((option) => option.refused !== undefined)
  const lines = tableOf(
    ['option', 'required', 'default', 'type', 'description'],
    taken.map((option) => [
      `\`${option.key}\``,
      option.required === true ? 'yes' : '',
      option.default === undefined ? '' : `\`${option.default}\``,
      option.values === undefined ? option.type : option.values.map((value) => `\`${value}\``).join(', '),
      option.description +
        (option.aliases === undefined
          ? ''
          : ` Also written ${option.aliases.map((alias) => `\`${alias}\``).join(', ')}.`),
    ]),
  )
  if (refused.length === 0) return lines
  const reasons = tableOf(
    ['option', 'why'],
    refused.map((option) => [`\`${option.key}\``, option.refused ?? '']),
  )
  return [...lines, 'Options of Flink that are refused:', '', ...reasons]
}

function connectorPage(connector: ConnectorDescriptor): string {
  const roles = [
    connector.source === undefined ? '' : `source (${connector.source.guarantee})`,
    connector.lookup === undefined ? '' : 'lookup',
    connector.sink === undefined ? '' : 'sink',
  ].filter((role) => role !== '')
  return page([
    `# ${connector.title}`,
    '',
    connector.description,
    '',
    `Used as: ${roles.join(', ')}.${connector.formats === undefined ? '' : ` Formats: ${connector.formats.value.map((name) => `[${name}](../formats/${name}.md)`).join(', ')}.`}`,
    '',
    '```sql',
    connector.example.trim(),
    '```',
    '',
    '## Options',
    '',
    ...optionTable([...connector.options, ...(connector.source === undefined ? [] : COMMON_SOURCE_OPTIONS)]),
    ...metadataTable(connector.metadata, ''),
  ])
}

/** @param prefix of the keys as a table names them */
function metadataTable(metadata: readonly MetadataColumn[], prefix: string): string[] {
  if (metadata.length === 0) return []
  const rows = metadata.map((column) => [
    `\`${prefix}${column.key}\``,
    typeToString(column.type),
    column.writable ? 'read and write' : 'read',
    column.description,
  ])
  return ['## Metadata columns', '', ...tableOf(['key', 'type', 'access', 'description'], rows)]
}

function formatPage(format: FormatDescriptor): string {
  const roles = [format.decodes ? 'read' : '', format.encodes ? 'written' : '']
    .filter((role) => role !== '')
    .join(' and ')
  const options = format.options.map((option) => ({ ...option, key: `${format.name}.${option.key}` }))
  return page([
    `# ${format.title}`,
    '',
    format.description,
    '',
    `It is ${roles}.`,
    '',
    '```sql',
    format.example.trim(),
    '```',
    '',
    '## Options',
    '',
    ...(options.length === 0 ? ['None.'] : optionTable(options)),
    ...metadataTable(format.metadata ?? [], 'value.'),
  ])
}

function functionPage(functions: readonly FunctionSpec[]): string {
  const categories = [...new Set(functions.map((item) => item.category))]
  const lines = ['# Functions', '', `${functions.length} functions and operators. Names are not case-sensitive.`, '']
  for (const category of categories) {
    const own = functions.filter((item) => item.category === category)
    lines.push(`## ${category[0]?.toUpperCase()}${category.slice(1)}`, '')
    const rows = own.map((item) => [
      item.signatures.map((signature) => `\`${signature}\``).join('<br>'),
      item.description,
      item.examples.map((example) => `\`${example.sql}\` → \`${example.result}\``).join('<br>'),
    ])
    lines.push(...tableOf(['function', 'description', 'examples'], rows))
  }
  return page(lines)
}

function configurationPage(): string {
  return page([
    '# Configuration',
    '',
    "Set with `SET 'key' = 'value'` or `-D key=value`. Any other key is taken and has no effect.",
    '',
    ...optionTable(CONFIGURATION_KEYS),
  ])
}

function errorPage(): string {
  const rows = Object.entries(ERROR_CODES).map(([code, { domain, summary }]) => [`\`${code}\``, domain, summary])
  return page([
    '# Error codes',
    '',
    'Every error has one of these codes. `user`: something you wrote; `external`: a server or the machine; `internal`: a defect.',
    '',
    ...tableOf(['code', 'domain', 'meaning'], rows),
  ])
}

function existing(): string[] {
  return GENERATED.flatMap((folder) => {
    const path = join(ROOT, folder)
    return existsSync(path) ? readdirSync(path).map((name) => `${folder}/${name}`) : []
  })
}

function stale(wanted: ReadonlyMap<string, string>): string[] {
  const changed = [...wanted].filter(([name, text]) => {
    const path = join(ROOT, name)
    return !existsSync(path) || readFileSync(path, 'utf8') !== text
  })
  return [...changed.map(([name]) => name), ...existing().filter((name) => !wanted.has(name))]
}

const wanted = pages()
if (process.argv.includes('--check')) {
  const found = stale(wanted)
  for (const name of found) process.stdout.write(`docs/${name} is stale: run npm run docs\n`)
  process.exitCode = found.length === 0 ? 0 : 1
} else {
  for (const name of existing()) rmSync(join(ROOT, name))
  for (const [name, text] of wanted) {
    mkdirSync(dirname(join(ROOT, name)), { recursive: true })
    writeFileSync(join(ROOT, name), text)
  }
}
