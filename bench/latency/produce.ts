/**
 * The producer, a process of its own: `produce.ts REQUEST` (JSON). Records go out every few milliseconds, so that the
 * wanted rate is kept whatever the broker does; each has the moment at which it was due.
 */
import { readClientOptions } from '../../connectors/kafka/client-options.ts'
import { KafkaClient } from '../../connectors/kafka/client.ts'
import { Producer } from '../../connectors/kafka/producer.ts'
import { microseconds, stamp, stampedRecords } from './records.ts'

export interface ProduceRequest {
  readonly address: string
  readonly topic: string
  readonly records: number
  /** Records a second; 0: as fast as the broker takes them. */
  readonly rate: number
}

const TICK_MILLISECONDS = 2
const BURST = 8192

async function produce({ address, topic, records, rate }: ProduceRequest): Promise<number> {
  const client = await KafkaClient.create(
    readClientOptions(new Map([['bootstrap.servers', address]])),
    new AbortController().signal,
  )
  await client.refresh([topic])
  const producer = new Producer(
    {
      client,
      acks: 1,
      batchBytes: 256 << 10,
      compression: undefined,
      label: `writing topic "${topic}"`,
      patience: 60_000,
      beforeFirst: async () => undefined,
    },
    { producerId: -1n, epoch: -1, transactionalId: null },
  )
  const { data, starts, lengths, count } = stampedRecords()
  const place = { topic, partition: 0 }
  const began = microseconds()
  let latest = 0
  for (let sent = 0; sent < records; ) {
    const now = microseconds()
    const due = rate === 0 ? sent + BURST : Math.floor(((now - began) * rate) / 1e6)
    const until = Math.min(records, due)
    for (; sent < until; sent++) {
      const template = sent % count
      const start = starts[template] as number
      const moment = rate === 0 ? now : began + Math.floor((sent * 1e6) / rate)
      latest = Math.max(latest, now - moment)
      stamp(data, start, moment)
      producer.append(place, null, 0, -1, data, start, lengths[template] as number, Date.now(), [])
    }
    if (rate === 0) await producer.pump()
    else {
      await producer.flush()
      await new Promise((resolve) => setTimeout(resolve, TICK_MILLISECONDS))
    }
  }
  await producer.flush()
  await client.close()
  return latest
}

const latest = await produce(JSON.parse(process.argv[2] ?? '') as ProduceRequest)
process.send?.({ kind: 'produced', latest })
process.disconnect()
