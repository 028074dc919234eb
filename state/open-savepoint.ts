/** Opens what `execution.state-recovery.path` names: a savepoint, or a checkpoint directory of a job. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MillraceError } from '../core/errors.ts'
import { METADATA } from './checkpoint-directory.ts'
import { readCheckpointPages } from './rocks-store.ts'
import { readSavepoint } from './savepoint.ts'
import type { PageWrite, RestoredState } from './state-store.ts'

/** @throws MillraceError FILE_NOT_FOUND, INVALID_CHECKPOINT */
export async function openSavepoint(path: string): Promise<RestoredState> {
  if (!existsSync(path)) throw new MillraceError('FILE_NOT_FOUND', `savepoint "${path}" does not exist`)
  if (existsSync(join(path, 'pages')) || !existsSync(join(path, METADATA))) return readSavepoint(path)
  const scratch = mkdtempSync(join(tmpdir(), 'millrace-checkpoint-'))
  try {
    const { manifest, pages } = await readCheckpointPages(path, scratch)
    if (manifest.finished) {
      throw new MillraceError('INVALID_CHECKPOINT', `"${path}" is of a job that has ended, and holds no state`, {
        hint: 'Start from a savepoint, or from a checkpoint that was taken while the job ran.',
      })
    }
    const byOperator = Map.groupBy(pages, (page) => page.uid)
    return { manifest, origin: path, pages: async (uid): Promise<readonly PageWrite[]> => byOperator.get(uid) ?? [] }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}
