/** Runs whose outputs are tables of files, each run in a directory of its own. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ChaosTarget } from './target.ts'

/**
 * @param outputs names of the tables, which are directories as well
 * @param sql the script, given the options of a table of files by its name
 */
export function fileOutputs(
  name: string,
  directory: string,
  outputs: readonly string[],
  sql: (filesOf: (output: string) => string) => string,
): ChaosTarget {
  return {
    name,
    prepareRun: async (run) => {
      const own = join(directory, run)
      mkdirSync(own, { recursive: true })
      const script = join(own, 'job.sql')
      writeFileSync(
        script,
        sql((output) => jsonFiles(join(own, output))),
      )
      return { script, dataDirectory: join(own, 'state') }
    },
    readResults: async (run) =>
      Object.fromEntries(outputs.map((output) => [output, readLines(join(directory, run, output))])),
    removeRun: async (run) => {
      rmSync(join(directory, run), { recursive: true, force: true })
    },
    close: async () => undefined,
    servers: [],
  }
}

export function jsonFiles(path: string): string {
  return `'connector' = 'filesystem', 'path' = '${path}', 'format' = 'json'`
}

/** Visible files only. */
function readLines(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.') && !entry.name.startsWith('_'))
    .flatMap((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8').split('\n'))
    .filter((line) => line !== '')
    .sort()
}
