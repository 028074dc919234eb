/** Apache Kafka in KRaft mode, from its jars on Maven Central: one node that is broker and controller. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fetchJars } from './maven.ts'
import { canConnect, freePort, type RunningService, startProcess, stopProcess, untilReady } from './server.ts'

export const KAFKA_VERSIONS = { 'kafka-3.9': '3.9.1', 'kafka-4': '4.1.1' } as const
export type KafkaName = keyof typeof KAFKA_VERSIONS

/** User `alice`, password `alice-secret`. */
export interface KafkaSecurity {
  /** SASL_PLAINTEXT listener: PLAIN. */
  readonly sasl: string
  /** SASL_SSL listener: SCRAM-SHA-256 and SCRAM-SHA-512. */
  readonly saslSsl: string
  /** SSL listener that asks clients for a certificate: the broker's own is trusted. */
  readonly ssl: string
  /** Certificate of the broker (PEM). */
  readonly certificate: string
  /** Key and certificate (PKCS#12). */
  readonly keyStore: string
  readonly keyStorePassword: string
}

export interface RunningKafka extends RunningService {
  readonly security: KafkaSecurity
}

const STORE_PASSWORD = 'store-secret'

/** The folder of the jars; fetched once. */
function jars(version: string): string {
  return fetchJars(`kafka-${version}`, [
    { group: 'org.apache.kafka', artifact: 'kafka_2.13', version },
    { group: 'org.slf4j', artifact: 'slf4j-simple', version: '1.7.36' },
  ])
}

interface Ports {
  readonly plain: number
  readonly sasl: number
  readonly saslSsl: number
  readonly ssl: number
  readonly controller: number
}

/** A self-signed certificate for 127.0.0.1, and a store that trusts it. */
function createStores(directory: string): { keyStore: string; trustStore: string; certificate: string } {
  const keyStore = join(directory, 'broker.p12')
  const trustStore = join(directory, 'trust.p12')
  const certificate = join(directory, 'broker.pem')
  const keytool = (...args: string[]): void => {
    execFileSync('keytool', [...args, '-storetype', 'PKCS12', '-storepass', STORE_PASSWORD], { stdio: 'ignore' })
  }
  const subject = ['-dname', 'CN=127.0.0.1', '-ext', 'SAN=ip:127.0.0.1,dns:localhost', '-validity', '3650']
  keytool('-genkeypair', '-alias', 'broker', '-keyalg', 'RSA', '-keysize', '2048', ...subject, '-keystore', keyStore)
  keytool('-exportcert', '-rfc', '-alias', 'broker', '-keystore', keyStore, '-file', certificate)
  keytool('-importcert', '-noprompt', '-alias', 'broker', '-file', certificate, '-keystore', trustStore)
  return { keyStore, trustStore, certificate }
}

function properties(ports: Ports, data: string, stores: ReturnType<typeof createStores>): string {
  const protocols = { PLAINTEXT: ports.plain, SASL_PLAINTEXT: ports.sasl, SASL_SSL: ports.saslSsl, SSL: ports.ssl }
  const listeners = Object.entries(protocols)
    .map(([protocol, port]) => `${protocol}://127.0.0.1:${port}`)
    .join(',')
  const module = 'org.apache.kafka.common.security'
  const plain = `${module}.plain.PlainLoginModule required user_alice="alice-secret";`
  const scram = `${module}.scram.ScramLoginModule required;`
  const entries = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${ports.controller}`,
    listeners: `${listeners},CONTROLLER://127.0.0.1:${ports.controller}`,
    'advertised.listeners': listeners,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': ['CONTROLLER:PLAINTEXT', ...Object.keys(protocols).map((p) => `${p}:${p}`)].join(
      ',',
    ),
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'listener.name.sasl_plaintext.sasl.enabled.mechanisms': 'PLAIN',
    'listener.name.sasl_plaintext.plain.sasl.jaas.config': plain,
    'listener.name.sasl_ssl.sasl.enabled.mechanisms': 'SCRAM-SHA-256,SCRAM-SHA-512',
    'listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config': scram,
    'listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config': scram,
    'ssl.keystore.type': 'PKCS12',
    'ssl.keystore.location': stores.keyStore,
    'ssl.keystore.password': STORE_PASSWORD,
    'ssl.truststore.type': 'PKCS12',
    'ssl.truststore.location': stores.trustStore,
    'ssl.truststore.password': STORE_PASSWORD,
    'listener.name.ssl.ssl.client.auth': 'required',
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 4,
    'group.initial.rebalance.delay.ms': 0,
    'auto.create.topics.enable': false,
    'log.dirs': data,
    // Tests write records of years ago, which a broker would delete half a minute after its start.
    'log.retention.ms': -1,
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
  const ports: Ports = {
    plain: await freePort(),
    sasl: await freePort(),
    saslSsl: await freePort(),
    ssl: await freePort(),
    controller: await freePort(),
  }
  const stores = createStores(directory)
  const config = join(directory, 'server.properties')
  writeFileSync(config, properties(ports, join(directory, 'data'), stores))
  const classpath = ['-cp', `${library}/*`]
  const quiet = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=warn']
  const id = execFileSync('java', [...classpath, 'kafka.tools.StorageTool', 'random-uuid'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim()
  const users = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
    '--add-scram',
    `${mechanism}=[name=alice,password=alice-secret]`,
  ])
  execFileSync('java', [...classpath, 'kafka.tools.StorageTool', 'format', '-t', id, '-c', config, ...users], {
    stdio: 'ignore',
  })
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
    security: {
      sasl: `127.0.0.1:${ports.sasl}`,
      saslSsl: `127.0.0.1:${ports.saslSsl}`,
      ssl: `127.0.0.1:${ports.ssl}`,
      certificate: stores.certificate,
      keyStore: stores.keyStore,
      keyStorePassword: STORE_PASSWORD,
    },
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
