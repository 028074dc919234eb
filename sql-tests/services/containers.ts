/** The same servers as containers, where a docker engine answers. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { KAFKA_VERSIONS, type KafkaName } from './kafka.ts'
import type { RunningService } from './server.ts'

export async function isDockerThere(): Promise<boolean> {
  try {
    await promisify(execFile)('docker', ['info', '--format', '{{.ServerVersion}}'], { timeout: 5000 })
    return true
  } catch {
    return false
  }
}

export async function startContainer(name: 'postgres' | KafkaName): Promise<RunningService> {
  if (name === 'postgres') {
    const { PostgreSqlContainer } = await import('@testcontainers/postgresql')
    const container = await new PostgreSqlContainer('postgres:16')
      .withDatabase('postgres')
      .withUsername('postgres')
      .withPassword('postgres')
      .withCommand(['postgres', '-c', 'max_prepared_transactions=30', '-c', 'wal_level=logical'])
      .start()
    return {
      address: container.getConnectionUri(),
      stop: async () => void (await container.stop()),
      restart: () => container.restart(),
    }
  }
  const { KafkaContainer } = await import('@testcontainers/kafka')
  const container = await new KafkaContainer(`apache/kafka:${KAFKA_VERSIONS[name]}`)
    .withEnvironment({ KAFKA_LOG_RETENTION_MS: '-1' })
    .start()
  const address = `${container.getHost()}:${container.getMappedPort(9093)}`
  return { address, stop: async () => void (await container.stop()), restart: () => container.restart() }
}
