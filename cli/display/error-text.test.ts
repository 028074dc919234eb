import { expect, it } from 'vitest'
import { MillraceError } from '../../core/errors.ts'
import { Session } from '../../session/index.ts'
import { errorText } from './error-text.ts'

it('says what an error came from where that is wanted', async () => {
  const session = new Session()
  const root = new Error('no such disk')
  const error = new MillraceError('IO_ERROR', 'nothing was written', {
    cause: new Error('no such file', { cause: root }),
  })
  expect(errorText(error, session)).toBe('ERROR: nothing was written')
  await session.execute("SET 'sql-client.verbose' = 'true'")
  const lines = errorText(error, session).split('\n')
  expect(lines.filter((line) => !line.startsWith('    at '))).toEqual([
    'ERROR: nothing was written',
    'CAUSE: Error: no such file',
    'CAUSE: Error: no such disk',
  ])
  expect(errorText('a string', session)).toContain('ERROR: a string')
  await session.close()
})
