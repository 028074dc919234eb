/** `properties.*` as Java users write them, as the client takes them. */
import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from '@platformatic/kafka'
import { MillraceError } from '../../core/errors.ts'

export interface BrokerAddress {
  readonly host: string
  readonly port: number
}

export interface ClientOptions {
  readonly bootstrap: readonly BrokerAddress[]
  readonly clientId: string
  readonly connection: ConnectionOptions
}

/** @param properties without the prefix: `bootstrap.servers`, `security.protocol` … */
export function readClientOptions(properties: ReadonlyMap<string, string>): ClientOptions {
  const protocol = (properties.get('security.protocol') ?? 'PLAINTEXT').toUpperCase()
  if (!['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'].includes(protocol))
    throw invalid('security.protocol', protocol)
  const connection: ConnectionOptions = {
    connectTimeout: Number(properties.get('socket.connection.setup.timeout.ms') ?? 5000),
    requestTimeout: Number(properties.get('request.timeout.ms') ?? 30_000),
    maxInflights: 5,
    ...(protocol.endsWith('SSL') && protocol !== 'SASL_PLAINTEXT'
      ? { tls: tlsOptions(properties), tlsServerName: true }
      : {}),
    ...(protocol.startsWith('SASL') ? { sasl: saslOptions(properties) } : {}),
  }
  return {
    bootstrap: parseServers(properties.get('bootstrap.servers') ?? ''),
    clientId: properties.get('client.id') ?? 'millrace',
    connection,
  }
}

function invalid(key: string, value: string, hint?: string): MillraceError {
  return new MillraceError('INVALID_OPTION', `option "properties.${key}" cannot be '${value}'`, { hint })
}

function parseServers(text: string): BrokerAddress[] {
  return text.split(',').map((server) => {
    const match = /^\s*(?:\w+:\/\/)?\[?([^\]]+?)\]?:(\d+)\s*$/.exec(server)
    if (match === null) throw invalid('bootstrap.servers', text, "Write 'host:port', several of them separated by ','.")
    return { host: match[1] ?? '', port: Number(match[2]) }
  })
}

type Sasl = NonNullable<ConnectionOptions['sasl']>

function saslOptions(properties: ReadonlyMap<string, string>): Sasl {
  const mechanism = properties.get('sasl.mechanism') ?? 'GSSAPI'
  const jaas = properties.get('sasl.jaas.config') ?? ''
  if (!['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'].includes(mechanism)) {
    throw new MillraceError('UNSUPPORTED_FEATURE', `SASL mechanism ${mechanism} is not supported`, {
      hint: "Set 'properties.sasl.mechanism' to PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.",
    })
  }
  const read = (name: string): string | undefined =>
    new RegExp(`\\b${name}\\s*=\\s*"((?:[^"\\\\]|\\\\.)*)"`).exec(jaas)?.[1]?.replace(/\\(.)/g, '$1')
  const username = read('username')
  const password = read('password')
  if (username === undefined || password === undefined) {
    throw new MillraceError('MISSING_OPTION', `SASL ${mechanism} needs a username and a password`, {
      hint: `Set 'properties.sasl.jaas.config' = '… required username="…" password="…";'.`,
    })
  }
  return { mechanism: mechanism as Sasl['mechanism'], username, password }
}

type Tls = NonNullable<ConnectionOptions['tls']>

/** PEM files and texts as they are, PKCS#12 stores for the client's own key. */
function tlsOptions(properties: ReadonlyMap<string, string>): Tls {
  const tls: Tls = {}
  const trustPem = properties.get('ssl.truststore.certificates')
  const trustFile = properties.get('ssl.truststore.location')
  if (trustPem !== undefined) tls.ca = trustPem
  else if (trustFile !== undefined)
    tls.ca = readPem(trustFile, properties.get('ssl.truststore.type'), 'ssl.truststore.location')
  const chain = properties.get('ssl.keystore.certificate.chain')
  const key = properties.get('ssl.keystore.key')
  const keyFile = properties.get('ssl.keystore.location')
  if (chain !== undefined && key !== undefined) Object.assign(tls, { cert: chain, key })
  else if (keyFile !== undefined) {
    const bytes = readFileSync(keyFile)
    if (/\.(p12|pfx)$/i.test(keyFile) || /pkcs12/i.test(properties.get('ssl.keystore.type') ?? ''))
      Object.assign(tls, { pfx: bytes, passphrase: properties.get('ssl.keystore.password') })
    else
      Object.assign(tls, {
        cert: readPem(keyFile, properties.get('ssl.keystore.type'), 'ssl.keystore.location'),
        key: bytes,
      })
  }
  const passphrase = properties.get('ssl.key.password')
  if (passphrase !== undefined) tls.passphrase = passphrase
  if (properties.get('ssl.endpoint.identification.algorithm') === '') tls.checkServerIdentity = () => undefined
  return tls
}

function readPem(file: string, type: string | undefined, key: string): string {
  const text = readFileSync(file, 'latin1')
  if (text.includes('-----BEGIN')) return text
  throw new MillraceError('UNSUPPORTED_FEATURE', `"${file}" is not a PEM file`, {
    detail: `A store of type ${type ?? 'JKS'} cannot be read.`,
    hint: `Export the certificates as PEM and name that file in 'properties.${key}'.`,
  })
}
