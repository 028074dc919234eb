/** What is said when a checkpoint cannot be written. */
import { asMillraceError, MillraceError } from '../core/errors.ts'

export function asStorageError(error: unknown): MillraceError {
  const full = (error as NodeJS.ErrnoException).code === 'ENOSPC' || /no space left/i.test(String(error))
  return full ? storageFull(undefined, error) : asMillraceError(error, 'IO_ERROR')
}

export function storageFull(detail: string | undefined, cause?: unknown): MillraceError {
  return new MillraceError('STORAGE_FULL', 'the disk is full: the checkpoint could not be written', {
    detail,
    cause,
    hint: 'Make room; the job goes on from its last checkpoint.',
  })
}
