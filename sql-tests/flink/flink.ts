/**
 * A real Apache Flink behind HTTP on this machine: the jars come from Maven Central, the program in `java/` runs scripts
 * in them. `FLINK_JUDGE_URL` names one that runs already.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fetchJars, requireCommand } from '../services/maven.ts'
import { canConnect, freePort, startProcess, stopProcess, untilReady } from '../services/server.ts'

export const FLINK_VERSION = '2.2.0'

const SOURCES = join(import.meta.dirname, 'java')
const ARTIFACTS = [
  'flink-clients',
  'flink-table-api-java-bridge',
  'flink-table-planner-loader',
  'flink-table-runtime',
  'flink-connector-files',
  'flink-connector-datagen',
  'flink-json',
  'flink-csv',
  'flink-cep',
]
const OPENED = ['java.lang', 'java.util', 'java.time', 'java.util.concurrent']

/** What one statement of a script gave. */
export interface Answer {
  /** Line of the script where it begins. */
  readonly line: number
  readonly kind: 'query' | 'result' | 'ok' | 'error'
  /** Columns as "`name` TYPE". */
  readonly columns: readonly string[]
  /** Changes as `+I a | 1`, printed lines, or messages from the outermost exception to the cause. */
  readonly lines: readonly string[]
}

export interface Flink {
  run(script: string): Promise<readonly Answer[]>
  stop(): Promise<void>
}

/** @throws ServiceUnavailable where there is no Java, no Maven or no network */
export async function startFlink(): Promise<Flink> {
  const url = process.env['FLINK_JUDGE_URL']
  if (url !== undefined) return { run: (script) => ask(url, script), stop: () => Promise.resolve() }
  requireCommand('Flink', 'javac', ['-version'])
  const jars = join(fetchJars(`flink-${FLINK_VERSION}`, artifacts()), '*')
  const directory = mkdtempSync(join(tmpdir(), 'millrace-flink-'))
  const classes = compile(directory, jars)
  const port = await freePort()
  const log = join(directory, 'flink.log')
  const child = startProcess('java', [...javaOptions(), '-cp', `${classes}:${jars}`, 'judge.Daemon', String(port)], log)
  await untilReady(child, log, () => canConnect(port))
  return {
    run: (script) => ask(`http://127.0.0.1:${port}`, script),
    stop: async () => {
      await stopProcess(child, 'SIGTERM')
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function artifacts(): { readonly group: string; readonly artifact: string; readonly version: string }[] {
  return [
    ...ARTIFACTS.map((artifact) => ({ group: 'org.apache.flink', artifact, version: FLINK_VERSION })),
    { group: 'org.slf4j', artifact: 'slf4j-simple', version: '1.7.36' },
  ]
}

function compile(directory: string, jars: string): string {
  const classes = join(directory, 'classes')
  mkdirSync(classes)
  const sources = globSync('judge/*.java', { cwd: SOURCES }).map((name) => join(SOURCES, name))
  execFileSync('javac', ['-nowarn', '-d', classes, '-cp', jars, ...sources], { stdio: 'pipe' })
  cpSync(join(SOURCES, 'META-INF'), join(classes, 'META-INF'), { recursive: true })
  return classes
}

function javaOptions(): string[] {
  const opened = OPENED.map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`)
  return ['-Xmx2g', '-XX:+UseSerialGC', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error', ...opened]
}

async function ask(url: string, script: string): Promise<readonly Answer[]> {
  const response = await fetch(`${url}/run?as=json`, { method: 'POST', body: script })
  const text = await response.text()
  if (!response.ok) throw new Error(text)
  return JSON.parse(text) as readonly Answer[]
}
