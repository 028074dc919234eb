import type { ConfigurationReader } from '../../catalog/reader.ts'
import type { Clock } from '../../core/clock.ts'
import type { Environment } from '../functions/function.ts'

let local: string | undefined

/** What functions know of their surroundings. The machine's time zone is asked for only where one of them needs it: that takes 15 ms. */
export function createEnvironment(configuration: ConfigurationReader, clock: Clock): Environment {
  const zone = configuration.get('table.local-time-zone')
  return {
    clock,
    get timeZone() {
      if (zone !== undefined && zone !== 'default') return zone
      local ??= Intl.DateTimeFormat().resolvedOptions().timeZone
      return local
    },
  }
}
