/** What a query reads, and nothing else: its scans with the same columns into nowhere. */
import { typeToString } from '../../core/types.ts'
import { parseStatement } from '../../parser/parse.ts'
import { planStatement } from '../../planner/plan.ts'
import type { SourceNode } from '../../planner/physical/graph.ts'
import type { Session } from '../../session/index.ts'

/** The scans in the plan of an INSERT. */
export function scansOf(session: Session, insert: string): readonly SourceNode[] {
  const statement = parseStatement(insert)
  if (statement.kind !== 'insert') throw new Error(`no INSERT: ${insert}`)
  const { nodes } = planStatement(statement, insert, session.plannerContext())
  return nodes.filter((node) => node.kind === 'source')
}

/** The columns of the scans: queries with the same read the same. */
export function inputOf(scans: readonly SourceNode[]): string {
  return scans.map(columnsOf).join('; ')
}

/** Tables of what is read, and the statement that reads it. */
export function readStatements(scans: readonly SourceNode[]): readonly string[] {
  const tables = scans.flatMap((scan, index) => {
    const options = Object.entries(scan.options).map(([key, value]) => `'${key}' = '${value}'`)
    return [
      `CREATE TABLE input_${index} (${columnsOf(scan)}) WITH (${options.join(', ')})`,
      `CREATE TABLE nowhere_${index} (${columnsOf(scan)}) WITH ('connector' = 'blackhole')`,
    ]
  })
  const inserts = scans.map((_, index) => `INSERT INTO nowhere_${index} SELECT * FROM input_${index};`)
  return [...tables, `EXECUTE STATEMENT SET BEGIN ${inserts.join(' ')} END`]
}

function columnsOf({ schema }: SourceNode): string {
  return schema.fields.map(({ name, type }) => `\`${name}\` ${typeToString(type)}`).join(', ')
}
