import { MillraceError } from '../../core/errors.ts'

/** The error that a failed file operation means to a user. */
export function fileError(error: unknown, path: string): MillraceError {
  if (error instanceof MillraceError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  switch (code) {
    case 'ENOENT':
      return new MillraceError('FILE_NOT_FOUND', `"${path}" does not exist`, {
        hint: 'A relative path is looked up from the working directory.',
        cause: error,
      })
    case 'ENOSPC':
    case 'EDQUOT':
      return new MillraceError('STORAGE_FULL', `there is no space left to write "${path}"`, {
        hint: 'Free space and start the job again: it goes on from its last checkpoint.',
        cause: error,
      })
    case 'EACCES':
    case 'EPERM':
      return new MillraceError('IO_ERROR', `"${path}" may not be accessed`, {
        detail: error instanceof Error ? `${error.message}.` : undefined,
        retryable: false,
        cause: error,
      })
    default:
      return new MillraceError('IO_ERROR', `"${path}" could not be read or written`, {
        detail: error instanceof Error ? `${error.message}.` : undefined,
        cause: error,
      })
  }
}
