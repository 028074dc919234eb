/**
 * What is no longer needed on the disk: out of the way in one step, and removed while everything else goes on. (A file
 * system may take seconds to free gigabytes.)
 */
import { existsSync, mkdtempSync, renameSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

const PREFIX = '.removed-'

/** Entries of the directory, those that there are, one after the other. */
export function setAside(directory: string, names: readonly string[]): void {
  const there = names.filter((name) => existsSync(join(directory, name)))
  if (there.length === 0) return
  const aside = mkdtempSync(join(directory, PREFIX))
  for (const name of there) renameSync(join(directory, name), join(aside, name))
}

/**
 * All that was set aside in the directory, also by a process that was killed before it had removed it.
 *
 * @param log is told what could not be removed, which is tried again the next time
 */
export async function removeAside(directory: string, log: (text: string) => void): Promise<void> {
  if (!existsSync(directory)) return
  try {
    const aside = (await readdir(directory)).filter((name) => name.startsWith(PREFIX))
    await Promise.all(aside.map((name) => rm(join(directory, name), { recursive: true, force: true })))
  } catch (error) {
    log(`old state in "${directory}" could not be removed: ${String(error)}`)
  }
}
