/** `properties.*`: settings of Java's Kafka clients (https://kafka.apache.org/documentation/#configuration). */
import type { OptionSpec } from '../../core/options.ts'

const HONOURED: readonly OptionSpec[] = [
  {
    key: 'bootstrap.servers',
    type: 'string',
    required: true,
    description: "Brokers, 'host:port' separated by ','.",
  },
  { key: 'client.id', type: 'string', description: 'Name under which brokers log this client.' },
  {
    key: 'group.id',
    type: 'string',
    description: 'Group whose committed offsets are read and, for information, written.',
  },
  {
    key: 'auto.offset.reset',
    type: 'enum',
    values: ['earliest', 'latest', 'none'],
    description: 'Where reading begins for a group without a committed offset.',
  },
  {
    key: 'isolation.level',
    type: 'enum',
    values: ['read_uncommitted', 'read_committed'],
    description: 'Whether records of open and aborted transactions are read.',
  },
  {
    key: 'commit.offsets.on.checkpoint',
    type: 'boolean',
    description: 'Whether the group gets the offsets of completed checkpoints.',
  },
  { key: 'fetch.max.bytes', type: 'int', description: 'Bytes asked for at once.' },
  {
    key: 'fetch.max.wait.ms',
    type: 'int',
    description: 'How long a broker waits for records, in milliseconds; 500 unless set.',
  },
  {
    key: 'fetch.min.bytes',
    type: 'int',
    description: 'Bytes that a broker waits for; 1 unless set. More of them take less CPU time and come later.',
  },
  { key: 'max.partition.fetch.bytes', type: 'int', description: 'Bytes asked for at once of a partition.' },
  { key: 'request.timeout.ms', type: 'int', description: 'How long an answer is waited for.' },
  {
    key: 'default.api.timeout.ms',
    type: 'int',
    description: 'Milliseconds that a source waits for a broker when it starts; 10 seconds unless set.',
  },
  {
    key: 'max.block.ms',
    type: 'int',
    description: 'Milliseconds that a sink waits for a broker when it starts; 10 seconds unless set.',
  },
  { key: 'socket.connection.setup.timeout.ms', type: 'int', description: 'How long a connection may take.' },
  {
    key: 'delivery.timeout.ms',
    type: 'int',
    description: 'How long a sink tries to deliver records before the job fails over.',
  },
  { key: 'acks', type: 'string', description: '0, 1 or all, for `none`; the other guarantees need all.' },
  { key: 'batch.size', type: 'int', description: 'Bytes of a batch of records.' },
  { key: 'linger.ms', type: 'int', description: 'How long records wait for others.' },
  {
    key: 'compression.type',
    type: 'enum',
    values: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
    description: 'Compression of what is written.',
  },
  {
    key: 'enable.idempotence',
    type: 'boolean',
    description: 'false: `at-least-once` may also write a record twice while the job runs.',
  },
  {
    key: 'transaction.timeout.ms',
    type: 'int',
    description: 'How long a transaction may be open, downtime of the job included.',
  },
  {
    key: 'security.protocol',
    type: 'enum',
    values: ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'],
    description: 'How brokers are spoken to.',
  },
  {
    key: 'sasl.mechanism',
    type: 'string',
    description: 'PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.',
    only: {
      values: ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'],
      reason: 'Kerberos and OAuth need parts of Java’s client that are not here.',
    },
  },
  {
    key: 'sasl.jaas.config',
    type: 'string',
    description: 'User and password, as Java clients take them.',
    secret: true,
  },
  { key: 'ssl.truststore.location', type: 'string', description: 'PEM file with the certificates to trust.' },
  { key: 'ssl.truststore.certificates', type: 'string', description: 'The certificates to trust, as PEM text.' },
  {
    key: 'ssl.truststore.type',
    type: 'string',
    description: 'PEM.',
    only: { values: ['PEM'], reason: 'Only PEM files can be read as trust stores.' },
  },
  { key: 'ssl.keystore.location', type: 'string', description: 'PEM or PKCS#12 file with the own key.' },
  { key: 'ssl.keystore.certificate.chain', type: 'string', description: 'The own certificates, as PEM text.' },
  { key: 'ssl.keystore.key', type: 'string', description: 'The own key, as PEM text.', secret: true },
  {
    key: 'ssl.keystore.type',
    type: 'string',
    description: 'PEM or PKCS12.',
    only: { values: ['PEM', 'PKCS12'], reason: 'Java’s own format cannot be read.' },
  },
  { key: 'ssl.keystore.password', type: 'string', description: 'Password of the key store.', secret: true },
  { key: 'ssl.key.password', type: 'string', description: 'Password of the key.', secret: true },
  {
    key: 'ssl.endpoint.identification.algorithm',
    type: 'string',
    description: "'' leaves out the check of the broker's name.",
    only: { values: ['https', ''], reason: 'The name is checked as for https, or not at all.' },
  },
]

/** What only tunes how Java's clients work inside: a script that has it gives the same result here. */
const TUNING = [
  'allow.auto.create.topics',
  'auto.commit.interval.ms',
  'auto.include.jmx.reporter',
  'buffer.memory',
  'client.dns.lookup',
  'client.rack',
  'connections.max.idle.ms',
  'enable.auto.commit',
  'enable.metrics.push',
  'exclude.internal.topics',
  'group.instance.id',
  'group.protocol',
  'heartbeat.interval.ms',
  'key.deserializer',
  'key.serializer',
  'max.in.flight.requests.per.connection',
  'max.poll.interval.ms',
  'max.poll.records',
  'max.request.size',
  'metadata.max.age.ms',
  'metadata.max.idle.ms',
  'metric.reporters',
  'metrics.num.samples',
  'metrics.recording.level',
  'metrics.sample.window.ms',
  'partition.assignment.strategy',
  'partition.discovery.interval.ms',
  'receive.buffer.bytes',
  'reconnect.backoff.max.ms',
  'reconnect.backoff.ms',
  'register.consumer.metrics',
  'retries',
  'retry.backoff.max.ms',
  'retry.backoff.ms',
  'send.buffer.bytes',
  'session.timeout.ms',
  'socket.connection.setup.timeout.max.ms',
  'ssl.enabled.protocols',
  'ssl.protocol',
  'value.deserializer',
  'value.serializer',
]

const JAVA_CLASS = 'There is no Java to load the class.'

const REFUSED: Readonly<Record<string, string>> = {
  'interceptor.classes': JAVA_CLASS,
  'partitioner.class': `${JAVA_CLASS} Use 'sink.partitioner'.`,
  'sasl.client.callback.handler.class': JAVA_CLASS,
  'sasl.login.callback.handler.class': JAVA_CLASS,
  'sasl.login.class': JAVA_CLASS,
  'sasl.kerberos.service.name': 'Kerberos is not supported.',
  'sasl.oauthbearer.token.endpoint.url': 'OAuth is not supported.',
  'security.providers': JAVA_CLASS,
  'ssl.engine.factory.class': JAVA_CLASS,
  'ssl.provider': JAVA_CLASS,
  'ssl.truststore.password': 'PEM files, the only trust stores that can be read, have no password.',
  'transactional.id': "Transactional ids are made from 'sink.transactional-id-prefix'.",
}

export const KAFKA_PROPERTIES: readonly OptionSpec[] = [
  ...HONOURED.map((spec) => ({ ...spec, key: `properties.${spec.key}` })),
  ...Object.entries(REFUSED).map(
    ([key, refused]): OptionSpec => ({ key: `properties.${key}`, type: 'string', description: refused, refused }),
  ),
  ...TUNING.map(
    (key): OptionSpec => ({
      key: `properties.${key}`,
      type: 'string',
      description: 'Tunes the inner workings of Java’s client; nothing here corresponds to it.',
    }),
  ),
]
