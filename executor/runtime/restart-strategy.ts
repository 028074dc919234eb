/** When a failed job is started again (https://nightlies.apache.org/flink/flink-docs-stable/docs/ops/state/task_failure_recovery/). */
import type { ConfigurationReader } from '../../catalog/reader.ts'
import type { Clock } from '../../core/clock.ts'

export interface RestartStrategy {
  /** Milliseconds to wait before the next attempt, or undefined: the job fails for good. */
  nextDelay(): number | undefined
}

/** Default: exponential-delay where there are checkpoints, none elsewhere. */
export function createRestartStrategy(
  configuration: ConfigurationReader,
  clock: Clock,
  random: () => number = Math.random,
): RestartStrategy {
  const checkpointing = configuration.get('execution.checkpointing.interval') !== undefined
  const type = configuration.get('restart-strategy.type') ?? (checkpointing ? 'exponential-delay' : 'none')
  switch (type.toLowerCase().replaceAll('-', '')) {
    case 'fixeddelay':
      return fixedDelay(
        configuration.int('restart-strategy.fixed-delay.attempts'),
        configuration.duration('restart-strategy.fixed-delay.delay'),
      )
    case 'exponentialdelay':
      return exponentialDelay(configuration, clock, random)
    default:
      return { nextDelay: () => undefined }
  }
}

function fixedDelay(attempts: number, delay: number): RestartStrategy {
  let used = 0
  return { nextDelay: () => (used++ < attempts ? delay : undefined) }
}

function exponentialDelay(configuration: ConfigurationReader, clock: Clock, random: () => number): RestartStrategy {
  const key = (name: string): string => `restart-strategy.exponential-delay.${name}`
  const initial = configuration.duration(key('initial-backoff'))
  const longest = configuration.duration(key('max-backoff'))
  const factor = Number(configuration.get(key('backoff-multiplier')))
  const quiet = configuration.duration(key('reset-backoff-threshold'))
  const jitter = Number(configuration.get(key('jitter-factor')))
  const limit = Number(configuration.get(key('attempts-before-reset-backoff')) ?? Number.POSITIVE_INFINITY)
  let [delay, attempts, lastFailure] = [initial, 0, Number.NEGATIVE_INFINITY]
  return {
    nextDelay: () => {
      const now = clock.now()
      if (now - lastFailure > quiet + delay) [delay, attempts] = [initial, 0]
      lastFailure = now
      if (attempts++ >= limit) return undefined
      const chosen = delay
      delay = Math.min(longest, delay * factor)
      return Math.max(0, chosen * (1 + jitter * (2 * random() - 1)))
    },
  }
}
