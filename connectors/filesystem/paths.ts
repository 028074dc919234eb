/** Paths of tables: where they are, which files belong to them, and partitions in directory names. */
import { opendir, stat } from 'node:fs/promises'
import { join, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MillraceError } from '../../core/errors.ts'
import { fileError } from './file-error.ts'

export interface FileInfo {
  /** Absolute. */
  readonly path: string
  readonly size: number
  /** Milliseconds since the epoch. */
  readonly modified: number
}

/** The absolute path that a `path` option names. */
export function resolvePath(path: string): string {
  if (path.startsWith('file:')) {
    // `file:/a`, as Hadoop writes it, has no authority.
    return fileURLToPath(path.replace(/^file:\/*/, 'file:///'))
  }
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(path)?.[1]
  if (scheme !== undefined) {
    throw new MillraceError('INVALID_OPTION', `option "path" cannot be '${path}'`, {
      detail: `The filesystem connector reads local files and knows no scheme "${scheme}".`,
    })
  }
  return resolve(path)
}

/** As in Flink, files and directories that begin with `.` or `_` are not part of a table. */
function isHidden(name: string): boolean {
  return name.startsWith('.') || name.startsWith('_')
}

/**
 * All files below a path, ordered by path.
 *
 * @param root a file, or a directory that is searched whole
 * @throws MillraceError FILE_NOT_FOUND where there is nothing at the path
 */
export async function listFiles(root: string, accept: (path: string) => boolean): Promise<FileInfo[]> {
  const found: FileInfo[] = []
  try {
    const top = await stat(root)
    if (top.isDirectory()) await collect(root, accept, found)
    else found.push({ path: root, size: top.size, modified: top.mtimeMs })
  } catch (error) {
    throw fileError(error, root)
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
}

async function collect(directory: string, accept: (path: string) => boolean, found: FileInfo[]): Promise<void> {
  for await (const entry of await opendir(directory)) {
    if (isHidden(entry.name)) continue
    const path = join(directory, entry.name)
    const info = entry.isDirectory() || entry.isFile() ? undefined : await statOrGone(path)
    if (entry.isDirectory() || info?.isDirectory() === true) {
      await collect(path, accept, found)
    } else if (accept(path)) {
      const file = info ?? (await statOrGone(path))
      if (file?.isFile() === true) found.push({ path, size: file.size, modified: file.mtimeMs })
    }
  }
}

/** A file may vanish between listing and reading it. */
async function statOrGone(
  path: string,
): Promise<(Awaited<ReturnType<typeof stat>> & { size: number; mtimeMs: number }) | undefined> {
  try {
    return await stat(path)
  } catch {
    return undefined
  }
}

/** Values of the partition columns from the directories between the table's path and the file. */
export function partitionValues(root: string, path: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>()
  for (const part of path.slice(root.length).split(sep).slice(0, -1)) {
    const at = part.indexOf('=')
    if (at > 0) values.set(unescapePathName(part.slice(0, at)), unescapePathName(part.slice(at + 1)))
  }
  return values
}

/** Characters that Hive, and so Flink, does not write into partition directory names as they are. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are among them
const ESCAPED = /[\u0000-\u001f"#%'*/:=?\\\u007f{[\]^]/g

export function escapePathName(text: string): string {
  return text.replace(ESCAPED, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
}

export function unescapePathName(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
