/** Where reading begins and ends: `scan.startup.*` and `scan.bounded.*`. */
import { MillraceError } from '../../core/errors.ts'
import type { OptionValues } from '../../core/options.ts'
import { KafkaError, type KafkaClient, type TopicPartition } from './client.ts'

const EARLIEST = -2n
const LATEST = -1n

export function partitionKey({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}

/** First offset to read of each partition, by partition key. */
export async function startingOffsets(
  client: KafkaClient,
  partitions: readonly TopicPartition[],
  options: OptionValues,
  properties: ReadonlyMap<string, string>,
): Promise<Map<string, bigint>> {
  switch (options.enum('scan.startup.mode')) {
    case 'earliest-offset':
      return listOffsets(client, partitions, () => EARLIEST, 0)
    case 'latest-offset':
      return listOffsets(client, partitions, () => LATEST, 0)
    case 'timestamp':
      return timestampOffsets(client, partitions, options.long('scan.startup.timestamp-millis'))
    case 'specific-offsets': {
      const given = parseSpecificOffsets(
        options.string('scan.startup.specific-offsets'),
        'scan.startup.specific-offsets',
      )
      const others = partitions.filter(({ partition }) => !given.has(partition))
      const found = await groupOrReset(client, others, properties)
      for (const item of partitions) {
        const offset = given.get(item.partition)
        if (offset !== undefined) found.set(partitionKey(item), offset)
      }
      return found
    }
    default:
      return groupOrReset(client, partitions, properties)
  }
}

/** Offset behind the last one to read, by partition key; undefined: without end. */
export async function endingOffsets(
  client: KafkaClient,
  partitions: readonly TopicPartition[],
  options: OptionValues,
  properties: ReadonlyMap<string, string>,
): Promise<Map<string, bigint> | undefined> {
  const isolation = properties.get('isolation.level') === 'read_committed' ? 1 : 0
  switch (options.enum('scan.bounded.mode')) {
    case 'latest-offset':
      return listOffsets(client, partitions, () => LATEST, isolation)
    case 'timestamp':
      return timestampOffsets(client, partitions, options.long('scan.bounded.timestamp-millis'))
    case 'group-offsets':
      return groupOffsets(client, partitions, properties.get('group.id') ?? '')
    case 'specific-offsets': {
      const given = parseSpecificOffsets(
        options.string('scan.bounded.specific-offsets'),
        'scan.bounded.specific-offsets',
      )
      const latest = await listOffsets(client, partitions, () => LATEST, isolation)
      for (const item of partitions) {
        const offset = given.get(item.partition)
        if (offset !== undefined) latest.set(partitionKey(item), offset)
      }
      return latest
    }
    default:
      return undefined
  }
}

/** `partition:0,offset:42;partition:1,offset:300`. */
function parseSpecificOffsets(text: string, key: string): Map<number, bigint> {
  const found = new Map<number, bigint>()
  for (const part of text.split(';')) {
    const match = /^\s*partition:(\d+),\s*offset:(\d+)\s*$/.exec(part)
    if (match === null) {
      throw new MillraceError('INVALID_OPTION', `option "${key}" cannot be '${text}'`, {
        hint: "Write 'partition:0,offset:42;partition:1,offset:300'.",
      })
    }
    found.set(Number(match[1]), BigInt(match[2] ?? 0))
  }
  return found
}

async function groupOrReset(
  client: KafkaClient,
  partitions: readonly TopicPartition[],
  properties: ReadonlyMap<string, string>,
): Promise<Map<string, bigint>> {
  const group = properties.get('group.id')
  const committed = group === undefined ? new Map<string, bigint>() : await groupOffsets(client, partitions, group)
  const missing = partitions.filter((item) => !committed.has(partitionKey(item)))
  if (missing.length === 0) return committed
  const reset = properties.get('auto.offset.reset') ?? 'latest'
  if (reset === 'none') {
    throw new MillraceError(
      'INVALID_OPTION',
      `group "${group ?? ''}" has no committed offset for ${missing.map(partitionKey).join(', ')}`,
      {
        hint: "Set 'properties.auto.offset.reset' to earliest or latest, or another 'scan.startup.mode'.",
      },
    )
  }
  const found = await listOffsets(client, missing, () => (reset === 'earliest' ? EARLIEST : LATEST), 0)
  return new Map([...committed, ...found])
}

async function groupOffsets(
  client: KafkaClient,
  partitions: readonly TopicPartition[],
  group: string,
): Promise<Map<string, bigint>> {
  const broker = await client.coordinator(0, group)
  const topics = [...Map.groupBy(partitions, (item) => item.topic)].map(([name, items]) => ({
    name,
    partitionIndexes: items.map((item) => item.partition),
  }))
  const { groups } = await client.retry('the offsets of a group', () =>
    client.call(
      broker,
      'admin',
      client.library.offsetFetchV8.api,
      [{ groupId: group, memberId: null, memberEpoch: -1, topics }],
      true,
    ),
  )
  const found = new Map<string, bigint>()
  for (const topic of groups[0]?.topics ?? []) {
    for (const { partitionIndex, committedOffset } of topic.partitions) {
      if (committedOffset >= 0n)
        found.set(partitionKey({ topic: topic.name, partition: partitionIndex }), committedOffset)
    }
  }
  return found
}

/** A timestamp behind the last record gives the end of the partition. */
async function timestampOffsets(
  client: KafkaClient,
  partitions: readonly TopicPartition[],
  timestamp: bigint,
): Promise<Map<string, bigint>> {
  const found = await listOffsets(client, partitions, () => timestamp, 0)
  const beyond = partitions.filter((item) => (found.get(partitionKey(item)) ?? -1n) < 0n)
  if (beyond.length === 0) return found
  const latest = await listOffsets(client, beyond, () => LATEST, 0)
  return new Map([...found, ...latest])
}

export async function listOffsets(
  client: KafkaClient,
  partitions: readonly TopicPartition[],
  timestampOf: (item: TopicPartition) => bigint,
  isolation: 0 | 1,
): Promise<Map<string, bigint>> {
  return client.retry('the offsets of a topic', async () => {
    const names = [...new Set(partitions.map((item) => item.topic))]
    await client.refresh(names)
    const found = new Map<string, bigint>()
    const byLeader = Map.groupBy(partitions, (item) => client.leaderOf(item) ?? -1)
    for (const [leader, items] of byLeader) {
      if (leader < 0) throw new KafkaError(5, 'a partition has no leader')
      const topics = [...Map.groupBy(items, (item) => item.topic)].map(([name, own]) => ({
        name,
        partitions: own.map((item) => ({
          partitionIndex: item.partition,
          currentLeaderEpoch: -1,
          timestamp: timestampOf(item),
        })),
      }))
      const response = await client.call(leader, 'admin', client.library.listOffsetsV7.api, -1, isolation, topics)
      for (const topic of response.topics) {
        for (const { partitionIndex, offset, errorCode } of topic.partitions) {
          if (errorCode !== 0) throw new KafkaError(errorCode, 'offsets were not given')
          found.set(partitionKey({ topic: topic.name, partition: partitionIndex }), offset)
        }
      }
    }
    return found
  })
}
