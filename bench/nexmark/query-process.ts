/** Queries in processes of their own. */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunReport, RunRequest } from './run-query.ts'

/**
 * @param directory for the request
 * @returns why there is no report: what the process wrote on standard error, or 'killed'
 */
export function runQuery(request: RunRequest, directory: string, name = 'request'): Promise<RunReport | string> {
  const file = join(directory, `${name}.json`)
  writeFileSync(file, JSON.stringify(request))
  const script = join(import.meta.dirname, 'run-query.ts')
  return new Promise((resolve) => {
    execFile(process.execPath, [script, file], { maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      if (error === null) resolve(JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as RunReport)
      else resolve(stderr.trim() || 'killed')
    })
  })
}
