/** Kafka's record batches: fetched bytes to places of records, encoded records to what is sent. */
import type { RecordSlices } from '../../connectors/api/format.ts'
import { readFetched } from '../../connectors/kafka/fetched-records.ts'
import { BatchWriter } from '../../connectors/kafka/record-batch.ts'
import type { HotCase, Workload } from './case.ts'
import { BATCH_ROWS } from './inputs.ts'
import { bidRecords } from './json.ts'
import { createFramer, createUnframer } from './kernels/kafka.ts'

const BATCHES = 16
const ROWS = BATCHES * BATCH_ROWS
const TIME = 1_700_000_000_000
const IDENTITY = { producerId: 1n, epoch: 0, sequence: 0, transactional: false }
const UNCOMPRESSED = (): never => {
  throw new Error('the batches are not compressed')
}

function written(writer: BatchWriter, { data, starts, lengths, count }: RecordSlices): Buffer {
  for (let row = 0; row < count; row++)
    writer.append(null, 0, -1, data, starts[row] as number, lengths[row] as number, TIME + row, [])
  return writer.finish(IDENTITY, undefined)
}

function fetches(): Buffer[] {
  const writer = new BatchWriter()
  return bidRecords(BATCHES).map((records) => written(writer, records))
}

function places(
  data: Uint8Array,
  starts: Int32Array,
  lengths: Int32Array,
  rows: number,
): Parameters<Parameters<Workload['run']>[0]>[0] {
  return { columns: [{ kind: 'bytes', data, starts, lengths, nulls: null }], rows, kinds: null }
}

function fetching(): Workload {
  const answers = fetches().map((records) => ({
    topic: 't',
    partition: 0,
    errorCode: 0,
    highWatermark: 0n,
    lastStableOffset: 0n,
    abortedTransactions: [],
    records,
  }))
  return {
    rows: ROWS,
    run: (emit) => {
      for (const answer of answers) {
        const found = readFetched(answer, 0n, false, UNCOMPRESSED)
        if (found === undefined) throw new Error('an answer without records')
        const { data, valueStarts, valueLengths, count } = found.block
        emit(places(data, valueStarts, valueLengths, count))
      }
    },
  }
}

function fetchingByHand(): Workload {
  const unframe = createUnframer()
  const answers = fetches()
  return {
    rows: ROWS,
    run: (emit) => {
      for (const answer of answers) {
        const { starts, lengths, count } = unframe(answer)
        emit(places(answer, starts, lengths, count))
      }
    },
  }
}

const ONE = { starts: Int32Array.of(0), lengths: new Int32Array(1) }

function producing(make: (records: RecordSlices) => Uint8Array): Workload {
  const batches = bidRecords(BATCHES)
  return {
    rows: ROWS,
    run: (emit) => {
      for (const records of batches) {
        const bytes = make(records)
        ONE.lengths[0] = bytes.length
        emit(places(bytes, ONE.starts, ONE.lengths, 1))
      }
    },
  }
}

export const KAFKA_CASES: readonly HotCase[] = [
  {
    name: 'kafka-fetch',
    unit: 'records',
    limit: 'framing read by one loop, CRC-32C by native code',
    same: true,
    engine: async () => fetching(),
    kernel: fetchingByHand,
  },
  {
    name: 'kafka-produce',
    unit: 'records',
    limit: 'framing written by one loop, values copied eight bytes at a time, CRC-32C by native code',
    same: true,
    engine: async () => {
      const writer = new BatchWriter()
      return producing((records) => written(writer, records))
    },
    kernel: () => producing(createFramer(TIME)),
  },
]
