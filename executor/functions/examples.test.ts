/** Every example of every function, run as a user would: through a session. */
import { afterAll, expect, test } from 'vitest'
import { AGGREGATE_FUNCTIONS } from './aggregate/index.ts'
import { SCALAR_FUNCTIONS } from './index.ts'
import { valueToText } from '../../core/value-text.ts'
import { readValue } from '../../core/column-ops.ts'
import { Session } from '../../session/session.ts'

const session = new Session({ configuration: { 'table.local-time-zone': 'UTC' } })
afterAll(() => session.close())

async function evaluate(sql: string): Promise<string> {
  const result = await session.execute(`SELECT ${sql}`)
  if (result.kind !== 'query') throw new Error('no query')
  let shown = 'no row'
  for await (const batch of result.changes()) {
    const [column] = batch.columns
    const [field] = batch.schema.fields
    if (column !== undefined && field !== undefined)
      shown = valueToText(readValue(column, field.type, batch.rows - 1), field.type, { upperCaseBooleans: true })
  }
  return shown
}

const examples = SCALAR_FUNCTIONS.flatMap(({ name, examples: own }) =>
  own.map(({ sql, result }) => [name, sql, result] as const),
)

test.each(examples)('%s: %s', async (_name, sql, result) => {
  expect(await evaluate(sql)).toBe(result)
})

test('every function has a description and an example, except those that read the clock', () => {
  const bare = SCALAR_FUNCTIONS.filter(
    (item) => item.description === '' || (item.examples.length === 0 && item.deterministic !== false),
  )
  expect(bare.map((item) => item.name)).toEqual([])
  expect(AGGREGATE_FUNCTIONS.filter((item) => item.description === '').map((item) => item.name)).toEqual([])
})
