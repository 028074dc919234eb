/** Apache Kafka in KRaft mode, from its jars on Maven Central: one node that is broker and controller. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  canConnect,
  freePort,
  type RunningService,
  SERVICES_DIRECTORY,
  ServiceUnavailable,
  startProcess,
  stopProcess,
  untilReady,
} from './server.ts'

export const KAFKA_VERSIONS = { 'kafka-3.9': '3.9.1', 'kafka-4': '4.1.1' } as const
export type KafkaName = keyof typeof KAFKA_VERSIONS

export interface RunningKafka extends RunningService {
  /** SASL_PLAINTEXT listener (PLAIN; user `alice`, password `alice-secret`). */
  readonly saslAddress: string
}

function requireCommand(command: string, args: readonly string[]): void {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
  } catch {
    throw new ServiceUnavailable(`Kafka needs "${command}", which is not installed`)
  }
}

/** The folder of the jars; fetched once. */
function jars(version: string): string {
  const directory = join(SERVICES_DIRECTORY, `kafka-${version}`)
  if (existsSync(directory)) return directory
  requireCommand('java', ['-version'])
  requireCommand('mvn', ['--version'])
  mkdirSync(SERVICES_DIRECTORY, { recursive: true })
  const work = mkdtempSync(join(SERVICES_DIRECTORY, 'fetch-'))
  writeFileSync(join(work, 'pom.xml'), pom(version))
  try {
    execFileSync(
      'mvn',
      ['-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=lib', '-DincludeScope=runtime'],
      { cwd: work, stdio: 'ignore' },
    )
  } catch {
    throw new ServiceUnavailable('the jars of Kafka could not be fetched from Maven Central')
  }
  renameSync(join(work, 'lib'), directory)
  rmSync(work, { recursive: true })
  return directory
}

function pom(version: string): string {
  const dependency = (group: string, artifact: string, own: string): string =>
    `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${own}</version></dependency>`
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>test</groupId><artifactId>test</artifactId><version>1</version>
<dependencies>${dependency('org.apache.kafka', 'kafka_2.13', version)}${dependency('org.slf4j', 'slf4j-simple', '1.7.36')}</dependencies></project>`
}

function properties(
  ports: { readonly plain: number; readonly sasl: number; readonly controller: number },
  data: string,
): string {
  const listeners = `PLAINTEXT://127.0.0.1:${ports.plain},SASL_PLAINTEXT://127.0.0.1:${ports.sasl}`
  const jaas = 'org.apache.kafka.common.security.plain.PlainLoginModule required user_alice="alice-secret";'
  const entries = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${ports.controller}`,
    listeners: `${listeners},CONTROLLER://127.0.0.1:${ports.controller}`,
    'advertised.listeners': listeners,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
    'sasl.enabled.mechanisms': 'PLAIN',
    'listener.name.sasl_plaintext.plain.sasl.jaas.config': jaas,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 4,
    'group.initial.rebalance.delay.ms': 0,
    'auto.create.topics.enable': false,
    'log.dirs': data,
    'controlled.shutdown.enable': false,
  }
  return Object.entries(entries)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')
}

/** @returns a service whose address is a list of bootstrap servers */
export async function startKafka(name: KafkaName): Promise<RunningKafka> {
  const version = KAFKA_VERSIONS[name]
  const library = jars(version)
  const directory = mkdtempSync(join(tmpdir(), `millrace-${name}-`))
  const ports = { plain: await freePort(), sasl: await freePort(), controller: await freePort() }
  const config = join(directory, 'server.properties')
  writeFileSync(config, properties(ports, join(directory, 'data')))
  const classpath = ['-cp', `${library}/*`]
  const quiet = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=warn']
  const id = execFileSync('java', [...classpath, 'kafka.tools.StorageTool', 'random-uuid'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim()
  execFileSync('java', [...classpath, 'kafka.tools.StorageTool', 'format', '-t', id, '-c', config], { stdio: 'ignore' })
  const log = join(directory, 'server.log')
  const start = async () => {
    const child = startProcess(
      'java',
      ['-Xmx512m', '-XX:+UseSerialGC', ...quiet, ...classpath, 'kafka.Kafka', config],
      log,
    )
    await untilReady(child, log, () => canConnect(ports.plain))
    return child
  }
  let child = await start()
  return {
    address: `127.0.0.1:${ports.plain}`,
    saslAddress: `127.0.0.1:${ports.sasl}`,
    stop: async () => {
      await stopProcess(child, 'SIGKILL')
      rmSync(directory, { recursive: true, force: true })
    },
    restart: async () => {
      await stopProcess(child, 'SIGTERM')
      child = await start()
    },
  }
}
