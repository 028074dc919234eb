import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { KafkaSecurity } from '../services/kafka.ts'
import { Broker, failure, rows, run, Sessions, WHOLE } from './harness.ts'

const BROKERS = [
  ['Kafka 3.9', 'MILLRACE_TEST_KAFKA_39'],
  ['Kafka 4', 'MILLRACE_TEST_KAFKA_4'],
] as const

for (const [name, variable] of BROKERS) {
  const [address, text] = [process.env[variable], process.env[`${variable}_SECURITY`]]
  describe.skipIf(address === undefined || text === undefined)(name, () => {
    const broker = new Broker(address ?? '127.0.0.1:1')
    const security = JSON.parse(text ?? '{}') as KafkaSecurity
    const sessions = new Sessions()
    let topic = ''

    beforeAll(async () => {
      await broker.open()
      topic = await broker.createTopic('secured')
    })
    afterAll(() => broker.close())
    afterEach(() => sessions.close())

    function login(mechanism: string, password: string): Record<string, string> {
      const module = mechanism === 'PLAIN' ? 'plain.PlainLoginModule' : 'scram.ScramLoginModule'
      return {
        'properties.sasl.mechanism': mechanism,
        'properties.sasl.jaas.config': `org.apache.kafka.common.security.${module} required username="alice" password="${password}";`,
      }
    }

    const plain = (password: string) => ({
      'properties.bootstrap.servers': security.sasl,
      'properties.security.protocol': 'SASL_PLAINTEXT',
      ...login('PLAIN', password),
    })
    const scram = (mechanism: string, password: string) => ({
      'properties.bootstrap.servers': security.saslSsl,
      'properties.security.protocol': 'SASL_SSL',
      'properties.ssl.truststore.location': security.certificate,
      'properties.ssl.truststore.type': 'PEM',
      ...login(mechanism, password),
    })
    const mutual = () => ({
      'properties.bootstrap.servers': security.ssl,
      'properties.security.protocol': 'SSL',
      'properties.ssl.truststore.certificates': readFileSync(security.certificate, 'utf8'),
      'properties.ssl.keystore.type': 'PKCS12',
      'properties.ssl.keystore.location': security.keyStore,
      'properties.ssl.keystore.password': security.keyStorePassword,
    })

    async function writeAndRead(options: Readonly<Record<string, string>>): Promise<string[]> {
      const own = sessions.open()
      await own.execute(`CREATE TABLE t (n INT) ${broker.options(topic, { ...WHOLE, ...options })}`)
      await run(own, 'INSERT INTO t VALUES (7)')
      return rows(own, 'SELECT DISTINCT n FROM t')
    }

    it.each([
      ['SASL PLAIN', () => plain('alice-secret')],
      ['TLS and SCRAM-SHA-256', () => scram('SCRAM-SHA-256', 'alice-secret')],
      ['TLS and SCRAM-SHA-512', () => scram('SCRAM-SHA-512', 'alice-secret')],
      ['TLS with a certificate of the client', mutual],
    ])('%s', async (_, options) => {
      expect(await writeAndRead(options())).toEqual(['+I 7'])
    })

    it.each([
      ['SASL PLAIN', () => plain('wrong')],
      ['SCRAM', () => scram('SCRAM-SHA-256', 'wrong')],
    ])('%s with a wrong password is refused, once', async (_, options) => {
      const error = await failure(writeAndRead(options()))
      expect(error).toMatchObject({ code: 'AUTHENTICATION_FAILED' })
      expect(error.message).not.toContain('wrong')
      expect(sessions.notices).toEqual([])
    })

    it('a certificate that nobody vouches for is refused', async () => {
      const {
        'properties.ssl.truststore.location': _,
        'properties.ssl.truststore.type': __,
        ...untrusted
      } = scram('SCRAM-SHA-256', 'alice-secret')
      const error = await failure(writeAndRead(untrusted))
      expect(error.code).toBe('AUTHENTICATION_FAILED')
      expect(error.message).toMatch(/^the certificate of Kafka at .* is not trusted$/)
    })
  })
}
