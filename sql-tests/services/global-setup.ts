/**
 * Starts the servers that tests need and tells their addresses in the environment. A server that the environment names
 * already is used as it is; one that cannot be had leaves its variable unset, and is an error in CI.
 */
import { type KafkaName, startKafka } from './kafka.ts'
import { startPostgres } from './postgres.ts'
import { type RunningService, ServiceUnavailable } from './server.ts'
import { isDockerThere, startContainer } from './containers.ts'

export const VARIABLES = {
  postgres: 'MILLRACE_TEST_POSTGRES_URL',
  'kafka-3.9': 'MILLRACE_TEST_KAFKA_39',
  'kafka-4': 'MILLRACE_TEST_KAFKA_4',
} as const

export type ServiceName = keyof typeof VARIABLES

export async function startService(name: ServiceName): Promise<RunningService> {
  if (await isDockerThere()) return startContainer(name)
  return name === 'postgres' ? startPostgres() : startKafka(name satisfies KafkaName)
}

export default async function setup(): Promise<() => Promise<void>> {
  const running: RunningService[] = []
  for (const name of Object.keys(VARIABLES) as ServiceName[]) {
    if (process.env[VARIABLES[name]] !== undefined) continue
    try {
      const service = await startService(name)
      running.push(service)
      process.env[VARIABLES[name]] = service.address
      if ('security' in service) process.env[`${VARIABLES[name]}_SECURITY`] = JSON.stringify(service.security)
      else if (name !== 'postgres') missesSecurity(name)
    } catch (error) {
      if (!(error instanceof ServiceUnavailable) || process.env['CI'] !== undefined) throw error
      process.stderr.write(`tests that need ${name} are skipped: ${error.message}\n`)
    }
  }
  return async () => {
    await Promise.all(running.map((service) => service.stop()))
  }
}

/** Containers of Kafka listen without SASL and TLS. */
function missesSecurity(name: ServiceName): void {
  const reason = `the container of ${name} has no SASL and TLS listeners: stop docker to test them with a local broker`
  if (process.env['CI'] !== undefined) throw new Error(reason)
  process.stderr.write(`tests of ${name} with SASL and TLS are skipped: ${reason}\n`)
}
