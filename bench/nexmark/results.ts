/** The final rows of a query, as the runner of Flink writes them: `node results.ts REQUEST FILE`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { formatError, MillraceError, Session } from '../../session/index.ts'

export interface ResultsRequest {
  /** The last one is a SELECT. */
  readonly statements: readonly string[]
  readonly dataDirectory: string
}

async function results({ statements, dataDirectory }: ResultsRequest): Promise<string[]> {
  const session = new Session({ dataDirectory, configuration: { 'table.local-time-zone': 'UTC' } })
  for (const statement of statements.slice(0, -1)) await session.execute(statement)
  const result = await session.execute(statements.at(-1) ?? '')
  if (result.kind !== 'query') throw new Error(`the last statement gave ${result.kind}`)
  const counts = new Map<string, number>()
  for await (const { kind, values } of result) {
    const line = values.map((value) => (value === null ? 'null' : `${value as string | number | bigint}`)).join('|')
    counts.set(line, (counts.get(line) ?? 0) + (kind === '+I' || kind === '+U' ? 1 : -1))
  }
  await session.close()
  return [...counts].flatMap(([line, count]) => Array.from({ length: count }, () => line)).sort()
}

try {
  const request = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as ResultsRequest
  const lines = await results(request)
  writeFileSync(process.argv[3] ?? '', lines.map((line) => `${line}\n`).join(''))
} catch (error) {
  process.stderr.write(error instanceof MillraceError ? `${formatError(error)}\n` : `${String(error)}\n`)
  process.exitCode = 1
}
