import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Broker, failure, rows, run, Sessions, start, until, WHOLE } from './harness.ts'

const BROKERS = [
  ['Kafka 3.9', process.env['MILLRACE_TEST_KAFKA_39']],
  ['Kafka 4', process.env['MILLRACE_TEST_KAFKA_4']],
] as const

for (const [name, address] of BROKERS) {
  describe.skipIf(address === undefined)(name, () => {
    const broker = new Broker(address ?? '127.0.0.1:1')
    const sessions = new Sessions()

    beforeAll(() => broker.open())
    afterAll(() => broker.close())
    afterEach(() => sessions.close())

    describe('records', () => {
      it.each([
        ['json', '{"a":1,"b":"x"}', '{"b":"y"}', ['+I 1 x', '+I NULL y']],
        ['csv', '1,x', ',"y ""z"""', ['+I 1 x', '+I NULL y "z"']],
      ])('reads and writes %s', async (format, first, second, expected) => {
        const [input, output] = [await broker.createTopic('in'), await broker.createTopic('out')]
        await broker.send(input, [first, second])
        const own = sessions.open()
        const null_literal = format === 'csv' ? { 'csv.null-literal': '' } : {}
        await own.execute(
          `CREATE TABLE i (a INT, b STRING) ${broker.options(input, { ...WHOLE, format, ...null_literal })}`,
        )
        await own.execute(
          `CREATE TABLE o (a INT, b STRING) ${broker.options(output, { ...WHOLE, format, ...null_literal })}`,
        )
        expect(await rows(own, 'SELECT * FROM i')).toEqual(expected)
        await run(own, 'INSERT INTO o SELECT * FROM i')
        expect(await rows(own, 'SELECT * FROM o')).toEqual(expected)
        expect((await broker.values(output))[0]).toBe(first)
      })

      it('reads and writes raw values', async () => {
        const [input, output] = [await broker.createTopic('in'), await broker.createTopic('out')]
        await broker.send(input, ['one', 'zwölf'])
        const own = sessions.open()
        await own.execute(`CREATE TABLE i (line STRING) ${broker.options(input, { ...WHOLE, format: 'raw' })}`)
        await own.execute(
          `CREATE TABLE o (n BIGINT) ${broker.options(output, { format: 'raw', 'raw.endianness': 'little-endian' })}`,
        )
        expect(await rows(own, 'SELECT line, CHAR_LENGTH(line) FROM i')).toEqual(['+I one 3', '+I zwölf 5'])
        await run(own, 'INSERT INTO o SELECT CAST(CHAR_LENGTH(line) AS BIGINT) FROM i')
        expect(await broker.values(output)).toEqual(['\u0003\0\0\0\0\0\0\0', '\u0005\0\0\0\0\0\0\0'])
      })

      it('has keys of another format, with a prefix and left out of the value', async () => {
        const topic = await broker.createTopic('keyed', 3)
        const own = sessions.open()
        await own.execute(
          `CREATE TABLE t (k_id INT, name STRING) ${broker.options(topic, {
            ...WHOLE,
            'key.format': 'csv',
            'key.fields': 'k_id',
            'key.fields-prefix': 'k_',
            'value.format': 'json',
            'value.fields-include': 'EXCEPT_KEY',
          })}`,
        )
        await run(own, "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c'), (1, 'd')")
        const found = await broker.read(topic)
        expect(found.map(({ key, value }) => `${key} ${value}`).sort()).toEqual(
          ['1 {"name":"a"}', '2 {"name":"b"}', '3 {"name":"c"}', '1 {"name":"d"}'].sort(),
        )
        // Where Java's client and kafkajs would put them.
        const expected = await broker.createTopic('keyed', 3)
        await broker.send(
          expected,
          ['1', '2', '3', '1'].map((key) => ({ key, value: key })),
        )
        const places = (records: readonly { key: string | null; partition: number }[]): string[] =>
          [...new Set(records.map(({ key, partition }) => `${key} in ${partition}`))].sort()
        expect(places(found)).toEqual(places(await broker.read(expected)))
        await own.execute(
          `CREATE TABLE r (k_id INT, name STRING) ${broker.options(topic, {
            ...WHOLE,
            'scan.bounded.mode': 'latest-offset',
            'key.format': 'csv',
            'key.fields': 'k_id',
            'key.fields-prefix': 'k_',
            'value.format': 'json',
            'value.fields-include': 'EXCEPT_KEY',
            'value.json.ignore-parse-errors': 'true',
            'key.csv.ignore-parse-errors': 'true',
          })}`,
        )
        expect((await rows(own, 'SELECT * FROM r')).sort()).toEqual(['+I 1 a', '+I 1 d', '+I 2 b', '+I 3 c'])
      })

      it('reads and writes metadata columns', async () => {
        const topic = await broker.createTopic('meta', 2)
        await broker.send(topic, [
          { value: '{"a":1}', partition: 1, timestamp: '1700000000123', headers: { trace: 'x1', empty: '' } },
        ])
        const own = sessions.open({ 'table.local-time-zone': 'UTC' })
        await own.execute(`CREATE TABLE t (
          a INT, tp STRING METADATA FROM 'topic' VIRTUAL, p INT METADATA FROM 'partition' VIRTUAL,
          o BIGINT METADATA FROM 'offset' VIRTUAL, ts TIMESTAMP_LTZ(3) METADATA FROM 'timestamp',
          kind STRING METADATA FROM 'timestamp-type' VIRTUAL, h MAP<STRING, BYTES> METADATA FROM 'headers',
          \`leader-epoch\` INT METADATA VIRTUAL) ${broker.options(topic, WHOLE)}`)
        expect(
          await rows(
            own,
            "SELECT a, tp, p, o, CAST(ts AS STRING), kind, CAST(h['trace'] AS STRING), `leader-epoch` FROM t",
          ),
        ).toEqual([`+I 1 ${topic} 1 0 2023-11-14 22:13:20.123 CreateTime x1 0`])
        await run(own, "INSERT INTO t VALUES (2, TO_TIMESTAMP_LTZ(1600000000456, 3), MAP['who', CAST('me' AS BYTES)])")
        const written = (await broker.read(topic)).find(({ value }) => value === '{"a":2}')
        expect(written).toMatchObject({ timestamp: 1600000000456, headers: { who: 'me' } })
      })

      it('says where a malformed record is, or skips and counts it', async () => {
        const topic = await broker.createTopic('bad', 2)
        await broker.send(topic, [
          { value: '{"a":1}', partition: 1 },
          { value: '{"a":1}', partition: 1 },
          { value: '{"a":oops}', partition: 1 },
          { value: '{"a":4}', partition: 1 },
        ])
        const own = sessions.open()
        await own.execute(`CREATE TABLE t (a INT) ${broker.options(topic, WHOLE)}`)
        await own.execute(`CREATE TABLE hole (a INT) WITH ('connector' = 'blackhole')`)
        const job = await start(own, 'INSERT INTO hole SELECT a FROM t')
        expect(await failure(job.finished)).toMatchObject({
          code: 'MALFORMED_RECORD',
          at: { table: 't', topic, partition: 1, offset: '2' },
        })
        expect(job.metrics().restarts).toBe(0)
        await own.execute(
          `CREATE TABLE lenient (a INT) ${broker.options(topic, { ...WHOLE, 'json.ignore-parse-errors': 'true' })}`,
        )
        expect(await rows(own, 'SELECT a FROM lenient')).toEqual(['+I 1', '+I 1', '+I 4'])
        const counted = await run(own, 'INSERT INTO hole SELECT a FROM lenient')
        expect(counted.metrics().rowsSkipped).toBe(1)
      })

      it.each(['gzip', 'snappy', 'lz4', 'zstd'])('reads what the broker compressed with %s', async (codec) => {
        const topic = await broker.createTopic('packed', 1, { 'compression.type': codec })
        await broker.send(
          topic,
          Array.from({ length: 3000 }, (_, n) => `{"n":${n},"text":"${'long '.repeat(20)}"}`),
        )
        const own = sessions.open()
        await own.execute(`CREATE TABLE t (n BIGINT, text STRING) ${broker.options(topic, WHOLE)}`)
        expect((await rows(own, 'SELECT COUNT(*), SUM(n), SUM(CHAR_LENGTH(text)) FROM t')).at(-1)).toBe(
          '+U 3000 4498500 300000',
        )
      })

      it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])(
        'writes batches that the broker unpacks: %s',
        async (codec) => {
          const topic = await broker.createTopic('unpacked', 1, { 'compression.type': 'uncompressed' })
          const own = sessions.open()
          await own.execute(
            `CREATE TABLE n (n BIGINT) WITH ('connector' = 'datagen', 'fields.n.kind' = 'sequence', 'fields.n.start' = '0', 'fields.n.end' = '9999')`,
          )
          await own.execute(
            `CREATE TABLE t (n BIGINT, text STRING) ${broker.options(topic, { 'properties.compression.type': codec })}`,
          )
          await run(own, "INSERT INTO t SELECT n, REPEAT('long ', 20) FROM n")
          const found = await broker.values(topic)
          expect(found).toHaveLength(10_000)
          expect(found[4321]).toBe(`{"n":4321,"text":"${'long '.repeat(20)}"}`)
        },
      )
    })

    describe('where reading begins and ends', () => {
      async function numbers(): Promise<string> {
        const topic = await broker.createTopic('modes', 2)
        for (const partition of [0, 1]) {
          const messages = Array.from({ length: 5 }, (_, n) => ({
            partition,
            value: `{"n":${10 * partition + n}}`,
            timestamp: String(1_700_000_000_000 + 1000 * n),
          }))
          await broker.send(topic, messages)
        }
        return topic
      }

      async function read(topic: string, options: Readonly<Record<string, string>>): Promise<number[]> {
        const own = sessions.open()
        await own.execute(`CREATE TABLE t (n INT) ${broker.options(topic, { ...WHOLE, ...options })}`)
        return (await rows(own, 'SELECT n FROM t')).map((row) => Number(row.slice(3))).sort((a, b) => a - b)
      }

      it.each([
        [{ 'scan.startup.mode': 'earliest-offset' }, [0, 1, 2, 3, 4, 10, 11, 12, 13, 14]],
        [{ 'scan.startup.mode': 'timestamp', 'scan.startup.timestamp-millis': '1700000002500' }, [3, 4, 13, 14]],
        [{ 'scan.startup.mode': 'timestamp', 'scan.startup.timestamp-millis': '1900000000000' }, []],
        [
          {
            'scan.startup.mode': 'specific-offsets',
            'scan.startup.specific-offsets': 'partition:0,offset:4;partition:1,offset:3',
          },
          [4, 13, 14],
        ],
        [{ 'scan.startup.mode': 'latest-offset' }, []],
        [
          {
            'scan.startup.mode': 'group-offsets',
            'properties.group.id': 'fresh',
            'properties.auto.offset.reset': 'earliest',
          },
          [0, 1, 2, 3, 4, 10, 11, 12, 13, 14],
        ],
        [{ 'scan.bounded.mode': 'timestamp', 'scan.bounded.timestamp-millis': '1700000001500' }, [0, 1, 10, 11]],
        [
          {
            'scan.bounded.mode': 'specific-offsets',
            'scan.bounded.specific-offsets': 'partition:0,offset:2;partition:1,offset:1',
          },
          [0, 1, 10],
        ],
      ] as const)('%j', async (options, expected) => {
        expect(await read(await numbers(), options)).toEqual(expected)
      })

      it("a group's offsets, as start and as end", async () => {
        const topic = await numbers()
        for (const [mode, expected] of [
          ['scan.startup.mode', [3, 4, 14]],
          ['scan.bounded.mode', [0, 1, 2, 10, 11, 12, 13]],
        ] as const) {
          const group = broker.name('group')
          await broker.commitGroup(group, topic, 0, '3')
          await broker.commitGroup(group, topic, 1, '4')
          expect(await read(topic, { 'properties.group.id': group, [mode]: 'group-offsets' })).toEqual(expected)
        }
      })

      it('a group without offsets and no way out is refused', async () => {
        const options = {
          'scan.startup.mode': 'group-offsets',
          'properties.group.id': 'none',
          'properties.auto.offset.reset': 'none',
        }
        expect((await failure(read(await numbers(), options))).message).toContain(
          'group "none" has no committed offset',
        )
      })

      it('latest-offset reads what comes later, and the group gets the offsets of checkpoints', async () => {
        const topic = await numbers()
        const group = broker.name('group')
        const own = sessions.open()
        await own.execute(
          `CREATE TABLE t (n INT) ${broker.options(topic, { 'scan.startup.mode': 'latest-offset', 'properties.group.id': group })}`,
        )
        await own.execute(`CREATE TABLE hole (n INT) WITH ('connector' = 'blackhole')`)
        const job = await start(own, 'INSERT INTO hole SELECT n FROM t')
        await until('a checkpoint', () => job.metrics().checkpoints.completed > 0)
        await broker.send(topic, [{ partition: 1, value: '{"n":99}' }])
        await until('the row', () => job.metrics().rowsIn === 1)
        await until('the offset', async () => (await broker.groupOffsets(group, topic)).join() === '5,6')
      })

      it('several topics, or all of a pattern', async () => {
        const stem = broker.name('many')
        const topics = [`${stem}-a`, `${stem}-b`]
        for (const topic of topics) await broker.createTopic('', 1, {}, topic)
        for (const topic of topics) await broker.send(topic, [`{"n":${topics.indexOf(topic)}}`])
        expect(await read(topics.join(';'), {})).toEqual([0, 1])
        expect(await read('', { 'topic-pattern': `${stem}-.` })).toEqual([0, 1])
      })

      it('partitions and topics that appear later are read from their beginning', async () => {
        const stem = broker.name('grow')
        await broker.createTopic('', 1, {}, `${stem}-a`)
        const own = sessions.open()
        await own.execute(
          `CREATE TABLE t (n INT, p INT METADATA FROM 'partition' VIRTUAL) ${broker.options('', {
            'topic-pattern': `${stem}-.`,
            'scan.startup.mode': 'latest-offset',
            'scan.topic-partition-discovery.interval': '100 ms',
          })}`,
        )
        const result = await own.execute('SELECT n, p FROM t')
        if (result.kind !== 'query') throw new Error('no query')
        await until('the query runs', () => result.job.status === 'RUNNING')
        await broker.addPartitions(`${stem}-a`, 2)
        await broker.send(`${stem}-a`, [{ partition: 1, value: '{"n":1}' }])
        await broker.createTopic('', 1, {}, `${stem}-b`)
        await broker.send(`${stem}-b`, ['{"n":2}'])
        const found: string[] = []
        for await (const { values } of result) {
          found.push(values.map(Number).join(' '))
          if (found.length === 2) break
        }
        expect(found.sort()).toEqual(['1 1', '2 0'])
      })

      it('a broker waits for as many bytes as are asked for, and no longer than it may', async () => {
        const topic = await broker.createTopic('waits')
        const own = sessions.open()
        const options = { 'scan.startup.mode': 'earliest-offset', 'properties.fetch.min.bytes': '20000' }
        await own.execute(
          `CREATE TABLE t (n INT) ${broker.options(topic, { ...options, 'properties.fetch.max.wait.ms': '8000' })}`,
        )
        await own.execute(`CREATE TABLE hole (n INT) WITH ('connector' = 'blackhole')`)
        const job = await start(own, 'INSERT INTO hole SELECT n FROM t')
        await until('the job runs', () => job.metrics().checkpoints.completed > 0)
        await broker.send(topic, ['{"n":1}'])
        const checkpoints = job.metrics().checkpoints.completed
        await until('more checkpoints', () => job.metrics().checkpoints.completed > checkpoints + 3)
        expect(job.metrics().rowsIn).toBe(0)
        await until('the end of the wait', () => job.metrics().rowsIn === 1)
        const started = performance.now()
        await broker.send(
          topic,
          Array.from({ length: 3000 }, (_, n) => `{"n":${n}}`),
        )
        await until('all rows', () => job.metrics().rowsIn === 3001)
        expect(performance.now() - started).toBeLessThan(6000)
      })

      it('a bounded table does not wait for partitions that appear later', async () => {
        const topic = await numbers()
        const own = sessions.open()
        await own.execute(
          `CREATE TABLE t (n INT) ${broker.options(topic, { ...WHOLE, 'scan.topic-partition-discovery.interval': '1 ms' })}`,
        )
        const job = await start(own, `CREATE TABLE o WITH ('connector' = 'blackhole') AS SELECT n FROM t`)
        await broker.addPartitions(topic, 3)
        await job.finished
        expect(job.metrics().rowsIn).toBe(10)
      })

      it('read_committed hides what was aborted', async () => {
        const topic = await broker.createTopic('aborted')
        await broker.sendAborted(topic, ['{"n":1}', '{"n":2}'])
        await broker.send(topic, ['{"n":3}'])
        await broker.sendAborted(topic, ['{"n":4}'])
        expect(await read(topic, { 'properties.isolation.level': 'read_committed' })).toEqual([3])
        expect(await read(topic, {})).toEqual([1, 2, 3, 4])
      })
    })

    describe('delivery', () => {
      it('exactly once: rows are there when a checkpoint has committed them, and only then', async () => {
        const topic = await broker.createTopic('once', 2)
        const own = sessions.open({ 'execution.checkpointing.interval': '1 h' })
        await own.execute(
          `CREATE TABLE n (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '500', 'fields.n.kind' = 'sequence', 'fields.n.start' = '1', 'fields.n.end' = '1000000')`,
        )
        await own.execute(
          `CREATE TABLE t (n BIGINT) ${broker.options(topic, { 'sink.delivery-guarantee': 'exactly-once', 'sink.transactional-id-prefix': topic })}`,
        )
        const job = await start(own, 'INSERT INTO t SELECT n FROM n')
        await until('rows', () => job.metrics().rowsOut > 100)
        await job.triggerCheckpoint()
        const first = job.metrics().rowsOut
        await until('more rows', () => job.metrics().rowsOut > first + 100)
        await job.cancel()
        const found = (await broker.values(topic))
          .map((value) => Number(/\d+/.exec(value ?? '')?.[0]))
          .sort((a, b) => a - b)
        expect(found.length).toBeGreaterThan(100)
        expect(found.length).toBeLessThanOrEqual(first)
        expect(found).toEqual(Array.from({ length: found.length }, (_, index) => index + 1))
      })

      it('exactly once: a job that goes on continues behind the last committed row', async () => {
        const topic = await broker.createTopic('again', 2)
        const directory = sessions.directory()
        for (const last of [false, true]) {
          const own = sessions.open({}, directory)
          await own.execute(
            `CREATE TABLE n (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '5000', 'fields.n.kind' = 'sequence', 'fields.n.start' = '1', 'fields.n.end' = '6000')`,
          )
          await own.execute(
            `CREATE TABLE t (n BIGINT) ${broker.options(topic, { 'sink.delivery-guarantee': 'exactly-once', 'sink.transactional-id-prefix': topic })}`,
          )
          const job = await start(own, 'INSERT INTO t SELECT n FROM n')
          if (last) await job.finished
          else await until('half', () => job.metrics().rowsOut > 2500)
          await own.close()
        }
        const found = (await broker.values(topic))
          .map((value) => Number(/\d+/.exec(value ?? '')?.[0]))
          .sort((a, b) => a - b)
        expect(found).toEqual(Array.from({ length: 6000 }, (_, index) => index + 1))
      })

      it('exactly once needs a prefix', async () => {
        const own = sessions.open()
        await own.execute(
          `CREATE TABLE t (n BIGINT) ${broker.options('x', { 'sink.delivery-guarantee': 'exactly-once' })}`,
        )
        expect(await failure(own.execute('INSERT INTO t VALUES (1)'))).toMatchObject({ code: 'MISSING_OPTION' })
      })

      it.each(['none', 'at-least-once'])('%s writes at once', async (guarantee) => {
        const topic = await broker.createTopic('plain', 3)
        const own = sessions.open({ 'execution.checkpointing.interval': '1 h' })
        await own.execute(
          `CREATE TABLE t (n BIGINT) ${broker.options(topic, { 'sink.delivery-guarantee': guarantee, 'sink.partitioner': 'round-robin' })}`,
        )
        await run(own, 'INSERT INTO t VALUES (1), (2), (3)')
        expect((await broker.read(topic)).map(({ partition, value }) => `${partition} ${value}`).sort()).toHaveLength(3)
        expect(new Set((await broker.read(topic)).map(({ partition }) => partition)).size).toBe(3)
      })
    })

    describe('upsert-kafka', () => {
      const UPSERT = { connector: 'upsert-kafka', 'key.format': 'json', 'value.format': 'json' }

      it('writes the last row of a key, and a tombstone for one that is gone', async () => {
        const topic = await broker.createTopic('upserts', 2)
        const own = sessions.open()
        await own.execute(
          `CREATE TABLE t (k STRING, n BIGINT, PRIMARY KEY (k) NOT ENFORCED) ${broker.options(topic, UPSERT)}`,
        )
        await run(
          own,
          `INSERT INTO t SELECT k, SUM(v) FROM (VALUES ('a', 1), ('b', 2), ('a', 3)) AS s(k, v) GROUP BY k`,
        )
        const last = new Map((await broker.read(topic)).map(({ key, value }) => [key, value]))
        expect([...last].sort()).toEqual([
          ['{"k":"a"}', '{"k":"a","n":4}'],
          ['{"k":"b"}', '{"k":"b","n":2}'],
        ])
      })

      it('reads a changelog of which tombstones are part', async () => {
        const topic = await broker.createTopic('table')
        await broker.send(topic, [
          { key: '{"k":"a"}', value: '{"k":"a","n":1}' },
          { key: '{"k":"b"}', value: '{"k":"b","n":2}' },
          { key: '{"k":"a"}', value: '{"k":"a","n":5}' },
          { key: '{"k":"b"}', value: null },
        ])
        const own = sessions.open()
        await own.execute(
          `CREATE TABLE t (k STRING, n BIGINT, PRIMARY KEY (k) NOT ENFORCED) ${broker.options(topic, { ...UPSERT, 'scan.bounded.mode': 'latest-offset' })}`,
        )
        expect((await rows(own, 'SELECT COUNT(*), SUM(n) FROM t')).at(-1)).toBe('+U 1 5')
      })

      it('holds rows back to write only the last of a key where it is asked to', async () => {
        const topic = await broker.createTopic('buffered')
        const own = sessions.open({ 'execution.checkpointing.interval': '1 h' })
        await own.execute(
          `CREATE TABLE t (k BIGINT, n BIGINT, PRIMARY KEY (k) NOT ENFORCED) ${broker.options(topic, { ...UPSERT, 'sink.buffer-flush.max-rows': '100000', 'sink.buffer-flush.interval': '1 h' })}`,
        )
        await own.execute(
          `CREATE TABLE n (n BIGINT) WITH ('connector' = 'datagen', 'fields.n.kind' = 'sequence', 'fields.n.start' = '1', 'fields.n.end' = '999')`,
        )
        await run(own, 'INSERT INTO t SELECT MOD(n, 3), COUNT(*) FROM n GROUP BY MOD(n, 3)')
        expect((await broker.values(topic)).sort()).toEqual(['{"k":0,"n":333}', '{"k":1,"n":333}', '{"k":2,"n":333}'])
      })
    })

    describe('what is not there', () => {
      it('names a missing topic and the nearest there is', async () => {
        const topic = await broker.createTopic('orders')
        const own = sessions.open()
        await own.execute(`CREATE TABLE t (n BIGINT) ${broker.options(topic.replace('orders', 'oders'), WHOLE)}`)
        const error = await failure(rows(own, 'SELECT * FROM t'))
        expect(error).toMatchObject({ code: 'EXTERNAL_OBJECT_MISSING', hint: `Did you mean "${topic}"?` })
      })

      it('names a broker that cannot be reached', async () => {
        const own = sessions.open()
        await own.execute(
          `CREATE TABLE t (n BIGINT) ${broker.options('x', { ...WHOLE, 'properties.bootstrap.servers': '127.0.0.1:1' })}`,
        )
        const error = await failure(rows(own, 'SELECT * FROM t'))
        expect(error).toMatchObject({ code: 'CONNECTION_FAILED' })
        expect(error.message).toContain('127.0.0.1:1')
      })
    })
  })
}
