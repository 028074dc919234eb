/**
 * Golden plans, schemas and errors: the `.txt` files beside this one. A case is a directive, a statement, `----`, and
 * what comes out; cases are separated by `====`. UPDATE_GOLDEN=1 writes what comes out into the files.
 *
 * Directives: `plan` the physical plan with changelog modes, `ast` the logical plan, `explain` the statement's own
 * text, `schema` names and types of a query, `error` the error with its caret, `graph` uids. `set key=value` may stand
 * before the directive on lines of its own.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { typeToString } from '../../core/types.ts'
import type { Statement } from '../../parser/ast.ts'
import { parseStatement } from '../../parser/parse.ts'
import { verifyGraph } from '../physical/verify.ts'
import { checkStatement, explainStatement, outputSchema, type PlannableStatement, planStatement } from '../plan.ts'
import { createTestPlanner, errorOf, type TestPlanner } from '../test-support.ts'

const FOLDER = fileURLToPath(new URL('.', import.meta.url))
const SEPARATOR = '\n====\n'

interface Case {
  readonly head: string
  readonly settings: readonly string[]
  readonly directive: string
  readonly sql: string
  readonly expected: string
}

function readCases(text: string): Case[] {
  return text
    .trimEnd()
    .split(SEPARATOR)
    .map((block) => {
      const [head = '', expected = ''] = block.split(/\n----(?:\n|$)/)
      const lines = head.split('\n').filter((line) => !line.startsWith('#'))
      const settings = lines.filter((line) => line.startsWith('set ')).map((line) => line.slice(4))
      const [directive = '', ...sql] = lines.filter((line) => !line.startsWith('set ') && line !== '')
      return { head, settings, directive, sql: sql.join('\n'), expected: expected.trimEnd() }
    })
}

function run(item: Case, ddl: readonly string[]): string {
  const planner = createTestPlanner(ddl)
  for (const setting of item.settings) {
    const [key = '', value = ''] = setting.split('=')
    planner.configuration.set(key, value)
  }
  const directive = item.directive === 'error' ? 'check' : item.directive
  let text = ''
  const error = errorOf(item.sql, () => {
    text = runStatement(directive, item.sql, planner)
  })
  return (error === 'no error' && directive !== 'check' ? text : error).trimEnd()
}

function plannable(statement: Statement): PlannableStatement {
  if (statement.kind === 'insert' || statement.kind === 'statement-set' || statement.kind === 'query') return statement
  throw new Error(`cannot plan ${statement.kind}`)
}

/** Whatever is planned must fit together. */
function verify(statement: Statement, sql: string, { context }: TestPlanner): void {
  if (statement.kind !== 'insert' && statement.kind !== 'statement-set' && statement.kind !== 'query') return
  verifyGraph(planStatement(statement, sql, context))
}

function runStatement(directive: string, sql: string, planner: TestPlanner): string {
  const statement = parseStatement(sql)
  if (directive !== 'check') verify(statement, sql, planner)
  const { context } = planner
  const target = (): PlannableStatement => plannable(statement)
  switch (directive) {
    case 'check':
      checkStatement(statement, sql, context)
      return ''
    case 'plan':
    case 'ast': {
      const wanted = directive === 'plan' ? 'Optimized Physical Plan' : 'Abstract Syntax Tree'
      const { span } = statement
      const explained = explainStatement(
        { kind: 'explain', details: ['CHANGELOG_MODE'], statement: target(), span },
        sql,
        context,
      )
      return sectionOf(explained, wanted)
    }
    case 'explain':
      return explainStatement(statement, sql, context)
    case 'graph':
      return planStatement(target(), sql, context)
        .nodes.map(
          (node) =>
            `${node.id} ${node.kind} uid=${node.uid} inputs=[${node.inputs.join(',')}] key=[${node.upsertKey?.join(',') ?? '-'}]`,
        )
        .join('\n')
    case 'schema': {
      const query = target()
      if (query.kind !== 'query') throw new Error('not a query')
      return outputSchema(query, sql, context)
        .fields.map((field) => `${field.name} ${typeToString(field.type)}`)
        .join('\n')
    }
    default:
      throw new Error(`unknown directive "${directive}"`)
  }
}

function sectionOf(text: string, title: string): string {
  const start = text.indexOf(`== ${title} ==\n`) + title.length + 7
  const end = text.indexOf('\n== ', start)
  return text.slice(start, end < 0 ? undefined : end)
}

const ddl = readFileSync(`${FOLDER}tables.sql`, 'utf8')
  .split(/;\n/)
  .map((sql) => sql.trim())
  .filter((sql) => sql !== '')

for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.txt'))) {
  const cases = readCases(readFileSync(`${FOLDER}${file}`, 'utf8'))
  if (process.env['UPDATE_GOLDEN'] !== undefined) {
    const blocks = cases.map((item) => `${item.head}\n----\n${run(item, ddl)}`)
    writeFileSync(`${FOLDER}${file}`, `${blocks.join(SEPARATOR)}\n`)
  }
  describe(file, () => {
    for (const item of readCases(readFileSync(`${FOLDER}${file}`, 'utf8'))) {
      test(`${item.directive}: ${item.sql.replace(/\s+/g, ' ').slice(0, 100)}`, () => {
        expect(run(item, ddl)).toBe(item.expected)
      })
    }
  })
}
