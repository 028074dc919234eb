/**
 * Every error code, with its domain and what it means. The reference page of the documentation is written from this
 * list. Codes are stable: they may be added, never renamed.
 */
import type { ErrorDomain } from './errors.ts'

interface ErrorCodeSpec {
  readonly domain: ErrorDomain
  readonly summary: string
}

export const ERROR_CODES = {
  SYNTAX_ERROR: { domain: 'user', summary: 'The SQL text does not follow the grammar.' },
  STATEMENT_TOO_COMPLEX: { domain: 'user', summary: 'The SQL text is nested deeper than the parser goes.' },
  UNSUPPORTED_FEATURE: { domain: 'user', summary: 'The statement is understood, but cannot be run.' },
  UNKNOWN_CATALOG: { domain: 'user', summary: 'No catalog of that name exists.' },
  UNKNOWN_DATABASE: { domain: 'user', summary: 'No database of that name exists.' },
  UNKNOWN_TABLE: { domain: 'user', summary: 'No table or view of that name exists.' },
  UNKNOWN_COLUMN: { domain: 'user', summary: 'No column of that name is in scope.' },
  UNKNOWN_FUNCTION: { domain: 'user', summary: 'No function of that name exists.' },
  UNKNOWN_JOB: { domain: 'user', summary: 'No job of that id exists.' },
  AMBIGUOUS_COLUMN: { domain: 'user', summary: 'A column name could mean several columns.' },
  OBJECT_EXISTS: { domain: 'user', summary: 'An object of that name exists already.' },
  OBJECT_IN_USE: { domain: 'user', summary: 'The object cannot be dropped or changed while something needs it.' },
  INVALID_DEFINITION: {
    domain: 'user',
    summary: 'A table, view or other object is defined in a way that cannot work.',
  },
  TYPE_MISMATCH: { domain: 'user', summary: 'An expression has a type that does not fit where it stands.' },
  INVALID_ARGUMENT: {
    domain: 'user',
    summary: 'A function, hint or statement was given an argument it does not take.',
  },
  INVALID_AGGREGATE: {
    domain: 'user',
    summary: 'An aggregate or a column outside of GROUP BY stands where it cannot.',
  },
  UNKNOWN_OPTION: { domain: 'user', summary: 'A WITH option or hint is not known to the connector or format.' },
  MISSING_OPTION: { domain: 'user', summary: 'A required option is missing.' },
  INVALID_OPTION: { domain: 'user', summary: 'An option has a value that it cannot take.' },
  UNSUPPORTED_CHANGELOG: {
    domain: 'user',
    summary: 'An operator or sink cannot take the kind of changes it would get.',
  },
  CAST_FAILED: { domain: 'user', summary: 'A value cannot be converted to the target type.' },
  NUMERIC_OVERFLOW: { domain: 'user', summary: 'A number does not fit its type.' },
  CARDINALITY_VIOLATION: { domain: 'user', summary: 'A scalar subquery gave more than one row.' },
  DIVISION_BY_ZERO: { domain: 'user', summary: 'An integer or decimal was divided by zero.' },
  FUNCTION_FAILED: {
    domain: 'user',
    summary: 'A function that a user wrote failed, or returned what is not of its type.',
  },
  INVALID_MATCH: {
    domain: 'user',
    summary: 'AFTER MATCH of MATCH_RECOGNIZE says to go on at a row that is not there, or where the match began.',
  },
  NOT_NULL_VIOLATION: { domain: 'user', summary: 'NULL was to be written into a NOT NULL column.' },
  MALFORMED_RECORD: { domain: 'user', summary: 'A record in the input could not be decoded.' },
  CONFIGURATION_ERROR: { domain: 'user', summary: 'A configuration key has a value that it cannot take.' },
  FILE_NOT_FOUND: { domain: 'user', summary: 'A file or directory that the statement names does not exist.' },
  INVALID_CHECKPOINT: { domain: 'user', summary: 'A checkpoint or savepoint is damaged or belongs to another query.' },
  DATA_DIRECTORY_LOCKED: { domain: 'user', summary: 'Another process uses the data directory.' },
  MISSING_CLIENT_LIBRARY: { domain: 'user', summary: 'The npm package of a connector is not installed.' },
  JOB_CANCELLED: { domain: 'user', summary: 'The job was stopped before it ended.' },
  CONNECTION_FAILED: { domain: 'external', summary: 'A server cannot be reached.' },
  AUTHENTICATION_FAILED: { domain: 'user', summary: 'A server refused the credentials.' },
  EXTERNAL_OBJECT_MISSING: { domain: 'user', summary: 'A topic, table or other object does not exist on the server.' },
  EXTERNAL_ERROR: { domain: 'external', summary: 'A server answered with an error.' },
  TRANSACTION_LOST: { domain: 'external', summary: 'A prepared transaction is no longer known to the server.' },
  IO_ERROR: { domain: 'external', summary: 'Reading or writing a file failed.' },
  STORAGE_FULL: { domain: 'external', summary: 'The disk is full.' },
  INTERNAL_ERROR: { domain: 'internal', summary: 'A defect of the engine; please report it.' },
} as const satisfies Record<string, ErrorCodeSpec>

export type ErrorCode = keyof typeof ERROR_CODES
