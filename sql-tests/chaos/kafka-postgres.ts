/** Kafka to Kafka (transactions) and to PostgreSQL (upserts; appends by prepared transactions), read back by kafkajs (read_committed) and pg. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Kafka as KafkaClient } from 'kafkajs'
import pg from 'pg'
import { type ServiceName, startService, VARIABLES } from '../services/global-setup.ts'
import type { RunningService } from '../services/server.ts'
import { ORDER_COLUMNS, orders } from './orders.ts'
import type { Random } from '../random.ts'
import { Kafka, logLevel } from './kafkajs.ts'
import type { ChaosTarget } from './target.ts'

const PARTITIONS = 3

async function service(name: ServiceName): Promise<RunningService> {
  const address = process.env[VARIABLES[name]]
  if (address === undefined) return startService(name)
  return {
    address,
    stop: async () => undefined,
    restart: async () => {
      throw new Error(`${VARIABLES[name]} names a server that is not ours to restart`)
    },
  }
}

export async function createKafkaTarget(
  broker: 'kafka-3.9' | 'kafka-4',
  directory: string,
  records: number,
  random: Random,
): Promise<ChaosTarget> {
  const [kafkaService, postgres] = await Promise.all([service(broker), service('postgres')])
  const kafka = new Kafka({ brokers: [kafkaService.address], logLevel: logLevel.NOTHING })
  const input = `orders-${Date.now()}`
  await createTopics(kafka, [input])
  await produce(kafka, input, orders(random, records))
  const database = new pg.Pool({ connectionString: postgres.address })
  // An idle connection that a restart has closed.
  database.on('error', () => undefined)
  const names = (run: string) => ({
    topic: `out-${input}-${run}`,
    windows: `windows_${run.replaceAll('-', '_')}`,
    totals: `totals_${run.replaceAll('-', '_')}`,
    large: `large_${run.replaceAll('-', '_')}`,
  })
  return {
    name: broker,
    prepareRun: async (run) => {
      const { topic, windows, totals, large } = names(run)
      await createTopics(kafka, [topic])
      await database.query(
        `CREATE TABLE ${windows} (window_start timestamp(3), product text, orders bigint, revenue numeric(38,2), PRIMARY KEY (window_start, product))`,
      )
      await database.query(`CREATE TABLE ${totals} (customer bigint PRIMARY KEY, orders bigint, total numeric(38,2))`)
      await database.query(`CREATE TABLE ${large} (order_id bigint, amount numeric(38,2))`)
      const own = join(directory, run)
      mkdirSync(own, { recursive: true })
      const script = join(own, 'job.sql')
      writeFileSync(
        script,
        sql({ brokers: kafkaService.address, url: postgres.address, input, topic, windows, totals, large }),
      )
      return { script, dataDirectory: join(own, 'state') }
    },
    readResults: async (run) => {
      const { topic, windows, totals, large } = names(run)
      return {
        topic: await consume(kafka, topic),
        windows: await rows(database, windows),
        totals: await rows(database, totals),
        large: await rows(database, large),
      }
    },
    removeRun: async (run) => {
      const { topic, windows, totals, large } = names(run)
      const admin = kafka.admin()
      await admin.connect()
      await admin.deleteTopics({ topics: [topic] })
      await admin.disconnect()
      await database.query(`DROP TABLE ${windows}, ${totals}, ${large}`)
      rmSync(join(directory, run), { recursive: true, force: true })
    },
    close: async () => {
      await database.end()
      await Promise.all([kafkaService.stop(), postgres.stop()])
    },
    servers: [
      { name: broker, restart: () => kafkaService.restart() },
      { name: 'postgres', restart: () => postgres.restart() },
    ],
  }
}

async function createTopics(kafka: KafkaClient, topics: readonly string[]): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({
    waitForLeaders: false,
    topics: topics.map((topic) => ({ topic, numPartitions: PARTITIONS, replicationFactor: 1 })),
  })
  await untilKnown(admin, topics)
  await admin.disconnect()
}

/** A broker knows a new topic only some moments after it has been created; kafkajs does not wait for that. */
async function untilKnown(admin: ReturnType<KafkaClient['admin']>, topics: readonly string[]): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      const { topics: known } = await admin.fetchTopicMetadata({ topics: [...topics] })
      if (known.every(({ partitions }) => partitions.every(({ leader }) => leader >= 0))) return
    } catch (error) {
      if (tries > 100) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function produce(kafka: KafkaClient, topic: string, records: Iterable<string>): Promise<void> {
  const producer = kafka.producer()
  await producer.connect()
  let messages: { value: string; partition: number }[] = []
  let count = 0
  for (const value of records) {
    messages.push({ value, partition: count++ % PARTITIONS })
    if (messages.length < 5000) continue
    await producer.send({ topic, messages })
    messages = []
  }
  await producer.send({ topic, messages })
  await producer.disconnect()
}

/** Everything committed: read up to the end offsets, which a marker in each partition makes reachable. */
async function consume(kafka: KafkaClient, topic: string): Promise<string[]> {
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({
    topic,
    messages: Array.from({ length: PARTITIONS }, (_, partition) => ({ partition, value: 'end' })),
  })
  await producer.disconnect()
  const consumer = kafka.consumer({ groupId: `reader-${topic}-${Date.now()}`, readUncommitted: false })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const found: string[] = []
  const ended = new Set<number>()
  const { promise, resolve } = Promise.withResolvers<void>()
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      const value = message.value?.toString() ?? ''
      if (value === 'end') ended.add(partition)
      else found.push(value)
      if (ended.size === PARTITIONS) resolve()
    },
  })
  await promise
  await consumer.disconnect()
  return found.sort()
}

async function rows(database: pg.Pool, table: string): Promise<string[]> {
  const result = await database.query<Record<string, unknown>>(`SELECT * FROM ${table}`)
  return result.rows.map((row) => JSON.stringify(row)).sort()
}

interface Names {
  readonly brokers: string
  readonly url: string
  readonly input: string
  readonly topic: string
  readonly windows: string
  readonly totals: string
  readonly large: string
}

function sql({ brokers, url, input, topic, windows, totals, large }: Names): string {
  const { host, pathname, username, password } = new URL(url)
  const kafka = (name: string): string =>
    `'connector' = 'kafka', 'topic' = '${name}', 'properties.bootstrap.servers' = '${brokers}', 'format' = 'json'`
  const jdbc = (name: string): string =>
    `'connector' = 'jdbc', 'url' = 'jdbc:postgresql://${host}${pathname}', 'table-name' = '${name}', 'username' = '${username}', 'password' = '${password}'`
  return `
SET 'execution.checkpointing.interval' = '150 ms';
CREATE TABLE orders (${ORDER_COLUMNS}) WITH (${kafka(input)}, 'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset');
CREATE TABLE big (order_id BIGINT, label STRING, amount DECIMAL(38, 2)) WITH (${kafka(topic)}, 'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = '${topic}');
CREATE TABLE windows (window_start TIMESTAMP(3), product STRING, orders BIGINT, revenue DECIMAL(38, 2), PRIMARY KEY (window_start, product) NOT ENFORCED) WITH (${jdbc(windows)}, 'sink.buffer-flush.max-rows' = '1000');
CREATE TABLE totals (customer BIGINT, orders BIGINT, total DECIMAL(38, 2), PRIMARY KEY (customer) NOT ENFORCED) WITH (${jdbc(totals)}, 'sink.buffer-flush.max-rows' = '20000');
CREATE TABLE large_orders (order_id BIGINT, amount DECIMAL(38, 2)) WITH (${jdbc(large)}, 'sink.buffer-flush.max-rows' = '5000', 'sink.delivery-guarantee' = 'exactly-once');
EXECUTE STATEMENT SET BEGIN
  INSERT INTO large_orders SELECT order_id, price * quantity FROM orders WHERE price * quantity > 400;
  INSERT INTO big SELECT order_id, UPPER(product) || '-' || CAST(customer AS STRING), price * quantity FROM orders WHERE price * quantity > 100;
  INSERT INTO windows SELECT window_start, product, COUNT(*), SUM(price * quantity)
    FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(ordered_at), INTERVAL '1' MINUTE))
    WHERE quantity > 0 GROUP BY window_start, window_end, product;
  INSERT INTO totals SELECT customer, COUNT(*), SUM(price * quantity) FROM orders WHERE quantity > 0 GROUP BY customer;
END;
`
}
