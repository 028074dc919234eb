/**
 * Who may import whom: the layers of the engine, checked on every import of the sources. `npm run check:imports`
 * prints one line for each import that points the wrong way, with what to do, and fails. Cycles are the linter's.
 */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'

const ROOT = join(import.meta.dirname, '..')

/** What each top-level folder may import besides itself. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  core: [],
  parser: ['core'],
  catalog: ['core'],
  planner: ['parser', 'catalog', 'core'],
  state: ['core'],
  connectors: ['catalog', 'core'],
  executor: ['core', 'parser', 'catalog', 'planner', 'state', 'connectors'],
  session: ['core', 'parser', 'catalog', 'planner', 'state', 'connectors', 'executor'],
  cli: ['core', 'parser', 'catalog', 'planner', 'executor', 'session'],
  build: ['core', 'catalog', 'executor'],
  bench: ['core', 'parser', 'catalog', 'planner', 'state', 'connectors', 'executor', 'session', 'sql-tests'],
  'sql-tests': ['core', 'parser', 'catalog', 'planner', 'state', 'connectors', 'executor', 'session', 'cli'],
}

const ADVICE: Readonly<Record<string, string>> = {
  core: 'core holds the words everyone shares and knows nobody: move what it needs into core, or the user out of it',
  planner: 'the planner knows neither connectors nor the executor: put what it needs into catalog/ as plain data',
  connectors: 'a connector sees only the catalog and core: pass what it needs through its context',
  state: 'state knows only core: pass values, not operators',
}

export interface WrongImport {
  readonly file: string
  readonly imported: string
  readonly advice: string
}

/** @param files paths relative to `root` */
export function wrongImports(root: string, files: readonly string[]): WrongImport[] {
  return files.flatMap((file) => {
    const folder = file.split('/')[0] ?? ''
    const allowed = ALLOWED[folder]
    if (allowed === undefined || /\.test\.ts$|\/test-support|\/testing\//.test(file)) return []
    return importsOf(readFileSync(join(root, file), 'utf8'))
      .map((specifier) => relative(root, normalize(join(root, dirname(file), specifier))))
      .filter((imported) => {
        const target = imported.split('/')[0] ?? ''
        return target !== folder && !allowed.includes(target) && ALLOWED[target] !== undefined
      })
      .map((imported) => ({ file, imported, advice: ADVICE[folder] ?? `${folder} may import ${allowed.join(', ')}` }))
  })
}

function importsOf(text: string): string[] {
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g)].map((match) => match[1] ?? '')
}

export function sourceFiles(root: string): string[] {
  return globSync(`{${Object.keys(ALLOWED).join(',')}}/**/*.ts`, { cwd: root })
}

if (import.meta.main) {
  const wrong = wrongImports(ROOT, sourceFiles(ROOT))
  for (const { file, imported, advice } of wrong) process.stdout.write(`${file} imports ${imported}: ${advice}\n`)
  process.exitCode = wrong.length === 0 ? 0 : 1
}
