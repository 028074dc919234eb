/** What is said when a checkpoint, or something else that belongs to state, cannot be written. */
import { asMillraceError, MillraceError } from '../core/errors.ts'

/** @param consequence of a full disk */
export function asStorageError(error: unknown, consequence?: string): MillraceError {
  const full = (error as NodeJS.ErrnoException).code === 'ENOSPC' || /no space left/i.test(String(error))
  return full ? storageFull(undefined, error, consequence) : asMillraceError(error, 'IO_ERROR')
}

export function storageFull(
  detail: string | undefined,
  cause?: unknown,
  consequence = 'the checkpoint could not be written',
): MillraceError {
  return new MillraceError('STORAGE_FULL', `the disk is full: ${consequence}`, {
    detail,
    cause,
    hint: 'Make room; the job goes on from its last checkpoint.',
  })
}
