/** What the loops that fetch do when brokers have different partitions, and when the job stops. */
import { afterEach, expect, it, vi } from 'vitest'
import { BIGINT } from '../../core/types.ts'
import { sourceContext, type TableRequest } from '../test-support/contexts.ts'
import { KafkaClient, KafkaError } from './client.ts'
import { KafkaSource } from './source.ts'

const REQUEST: TableRequest = {
  columns: { n: BIGINT },
  options: {
    connector: 'kafka',
    topic: 't',
    'properties.bootstrap.servers': '127.0.0.1:9092',
    'scan.startup.mode': 'earliest-offset',
    'scan.bounded.mode': 'latest-offset',
    format: 'json',
  },
}

interface Fetch {
  readonly leader: number
  readonly partitions: readonly { readonly partition: number }[]
}

/** Two brokers, each with one partition of the topic; fetches wait until they are told to fail. */
function startCluster(ends: readonly bigint[], signal: AbortSignal): Fetch[] {
  const fetches: Fetch[] = []
  const offsets = (timestamp: bigint, partition: number): bigint => (timestamp === -2n ? 0n : (ends[partition] ?? 0n))
  const client = {
    library: { listOffsetsV7: { api: 'offsets' } },
    raw: { fetch: 'fetch' },
    refresh: () => Promise.resolve(ends.map((_, partition) => ({ topic: 't', partition }))),
    leaderOf: ({ partition }: { readonly partition: number }) => {
      if (signal.aborted) throw new Error('a loop goes on')
      return partition + 1
    },
    retry: (_: string, action: () => Promise<unknown>) => action(),
    call: (leader: number, _: string, api: string, ...args: unknown[]) => {
      if (api === 'offsets') {
        const [topic] = args[2] as { partitions: { partitionIndex: number; timestamp: bigint }[] }[]
        const partitions = topic?.partitions.map(({ partitionIndex, timestamp }) => ({
          partitionIndex,
          offset: offsets(timestamp, partitionIndex),
          errorCode: 0,
        }))
        return Promise.resolve({ topics: [{ name: 't', partitions }] })
      }
      const [request] = args as Omit<Fetch, 'leader'>[]
      fetches.push({ leader, partitions: request?.partitions ?? [] })
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reject(new KafkaError(7, 'the connection was closed'))
        })
      })
    },
    close: () => Promise.resolve(),
  }
  vi.spyOn(KafkaClient, 'create').mockResolvedValue(client as unknown as KafkaClient)
  return fetches
}

async function openSource(signal: AbortSignal): Promise<KafkaSource> {
  const reader = (): never => {
    throw new Error('nothing is fetched')
  }
  const source = new KafkaSource(sourceContext(REQUEST, { signal }), () => Promise.resolve(reader))
  await source.open(undefined)
  return source
}

afterEach(() => {
  vi.restoreAllMocks()
})

it('a broker whose partitions are empty is not asked, and the others are', async () => {
  const job = new AbortController()
  const fetches = startCluster([0n, 5n], job.signal)
  const source = await openSource(job.signal)
  expect(fetches).toEqual([{ leader: 2, partitions: [expect.objectContaining({ partition: 1 })] }])
  job.abort()
  await source.close()
})

it('fetches nothing once the job stops, though it is not closed yet', async () => {
  const job = new AbortController()
  const fetches = startCluster([5n, 5n], job.signal)
  const source = await openSource(job.signal)
  expect(fetches.map(({ leader }) => leader)).toEqual([1, 2])
  job.abort()
  await new Promise((resolve) => setTimeout(resolve, 10))
  expect(fetches).toHaveLength(2)
  expect(() => source.poll(0)).not.toThrow()
  await source.close()
})
