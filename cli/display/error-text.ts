/** Errors as the terminal shows them. */
import { asMillraceError, causesOf, formatError } from '../../core/errors.ts'
import type { Session } from '../../session/index.ts'

/** @param sql the text that the error's position points into */
export function errorText(error: unknown, session: Session, sql?: string): string {
  const known = asMillraceError(error)
  const causes = session.configuration.boolean('sql-client.verbose') ? causesOf(known) : []
  return [formatError(known, sql), ...causes].join('\n')
}
