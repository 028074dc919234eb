/** The library: `import { Session } from 'millrace'`. */
export type { ChangeBatch } from '../core/change-batch.ts'
export { formatError, MillraceError } from '../core/errors.ts'
export type { Field, Schema, SqlType } from '../core/types.ts'
export type { Job } from '../executor/runtime/job.ts'
export type { ArrowChanges, QueryResult } from './query-result.ts'
export type { Cell, StatementResult } from './result.ts'
export type { ResultRow, RowKindName, RowValue } from './row.ts'
export { Session, type SessionOptions } from './session.ts'
