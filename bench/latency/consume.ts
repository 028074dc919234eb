/**
 * The consumer, a process of its own: `consume.ts REQUEST` (JSON). Reads fetched batches as they are, without decoding
 * the records, and takes the moment of each. Sends what it saw of each phase to its parent.
 */
import { readClientOptions } from '../../connectors/kafka/client-options.ts'
import { KafkaClient } from '../../connectors/kafka/client.ts'
import { readFetched } from '../../connectors/kafka/fetched-records.ts'
import { microseconds, momentOf } from './records.ts'

export interface ConsumeRequest {
  readonly address: string
  readonly topic: string
  /** Records that were there before: their rate is measured over the second half. */
  readonly backlog: number
  /** Records of the second phase, and how many at its beginning do not count. */
  readonly paced: number
  readonly ignored: number
}

export type ConsumeReport =
  | { readonly kind: 'backlog'; readonly recordsPerSecond: number }
  | {
      readonly kind: 'latencies'
      readonly records: number
      readonly milliseconds: Readonly<Record<Percentile, number>>
    }

const PERCENTILES = { p50: 0.5, p90: 0.9, p99: 0.99, p999: 0.999, max: 1 }
export type Percentile = keyof typeof PERCENTILES

function report(message: ConsumeReport): void {
  process.send?.(message)
}

async function consume({ address, topic, backlog, paced, ignored }: ConsumeRequest): Promise<void> {
  const client = await KafkaClient.create(
    readClientOptions(new Map([['bootstrap.servers', address]])),
    new AbortController().signal,
  )
  await client.refresh([topic])
  const leader = client.leaderOf({ topic, partition: 0 }) ?? -1
  const latencies = new Float64Array(paced)
  let [offset, seen, measured, half] = [0n, 0, 0, 0]
  while (seen < backlog + paced) {
    const [answer] = await client.call(leader, 'fetch', client.raw.fetch, {
      maxWait: 100,
      minBytes: 1,
      maxBytes: 32 << 20,
      isolation: 0 as const,
      partitions: [{ topic, partition: 0, offset, maxBytes: 16 << 20 }],
    })
    const found = answer === undefined ? undefined : readFetched(answer, offset, false, decompress)
    if (found === undefined) continue
    const now = microseconds()
    const { block, from, nextOffset } = found
    for (let record = from; record < block.count; record++) {
      if (seen === backlog >> 1) half = now
      if (++seen === backlog) report({ kind: 'backlog', recordsPerSecond: (1e6 * (backlog >> 1)) / (now - half) })
      if (seen > backlog + ignored)
        latencies[measured++] = now - momentOf(block.data, block.valueStarts[record] as number)
    }
    offset = nextOffset
  }
  await client.close()
  const sorted = latencies.subarray(0, measured).sort()
  const at = (share: number): number =>
    Math.round(sorted[Math.min(measured - 1, Math.floor(share * measured))] ?? 0) / 1000
  const milliseconds = Object.fromEntries(Object.entries(PERCENTILES).map(([name, share]) => [name, at(share)]))
  report({ kind: 'latencies', records: measured, milliseconds: milliseconds as Record<Percentile, number> })
}

function decompress(): never {
  throw new Error('the engines write without compression')
}

await consume(JSON.parse(process.argv[2] ?? '') as ConsumeRequest)
process.disconnect()
