/** State to disk and back: a checkpoint in which every key has changed, and a restore. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ChangeBatch } from '../../core/change-batch.ts'
import type { Operator } from '../../executor/operators/operator.ts'
import type { PageWrite, StateStore } from '../../state/state-store.ts'
import { STATE_FORMAT_VERSION } from '../../state/state-store.ts'
import { RocksStore } from '../../state/rocks-store.ts'
import type { HotCase, Workload } from './case.ts'
import { BATCH_ROWS } from './inputs.ts'
import { createStoredEntries } from './kernels/checkpoint.ts'
import { measurePauses } from './pauses.ts'
import { planned, start } from './planned.ts'

const [DIRTY_KEYS, RESTORED_KEYS] = [1_000_000, 10_000_000]
const RESTORES = 3
const UID = 'groups'
const SOURCE = "CREATE TABLE t (k BIGINT, v BIGINT) WITH ('connector' = 'datagen')"
const QUERY = 'SELECT k, COUNT(*), SUM(v) FROM t GROUP BY k'

/** Each key once, in the order of the numbers; the arrays are used again. */
function* everyKey(keys: number, schema: ChangeBatch['schema']): Generator<ChangeBatch> {
  const ids = new BigInt64Array(BATCH_ROWS)
  const ones = new BigInt64Array(BATCH_ROWS).fill(1n)
  for (let first = 0; first < keys; first += BATCH_ROWS) {
    const rows = Math.min(BATCH_ROWS, keys - first)
    for (let row = 0; row < rows; row++) ids[row] = BigInt(first + row) * 7919n
    const columns = [ids, ones].map((values) => ({ kind: 'i64', values, nulls: null }) as const)
    yield { schema, rows, columns, kinds: null }
  }
}

interface Groups {
  readonly touchAll: () => void
  readonly create: () => Operator
  readonly operator: Operator
}

async function groups(keys: number): Promise<Groups> {
  const plan = await planned([SOURCE], QUERY, 'group-aggregate')
  const schema = plan.graph.nodes[plan.node.inputs[0] ?? -1]?.schema
  if (schema === undefined) throw new Error('no input')
  const { operator } = start(plan)
  return {
    operator,
    create: () => start(plan).operator,
    touchAll: () => {
      for (const batch of everyKey(keys, schema)) operator.onBatch(batch, 0)
    },
  }
}

function openStore(directory: string): RocksStore {
  return new RocksStore({ directory, retained: 2, log: () => undefined })
}

async function write(store: StateStore, operator: Operator, checkpoint: number): Promise<number> {
  operator.prepareSnapshot?.()
  const pages = (operator.snapshot?.() ?? []).map((page): PageWrite => ({ uid: UID, ...page }))
  const { bytes } = await store.write(pages, {
    version: STATE_FORMAT_VERSION,
    jobName: 'bench',
    checkpoint,
    timestamp: 0,
    fingerprint: '',
    operators: {},
    positions: {},
    handles: {},
    finished: false,
  })
  return bytes
}

async function checkpointing(scale: number): Promise<Workload> {
  const keys = Math.round(DIRTY_KEYS * scale)
  const directory = mkdtempSync(join(tmpdir(), 'millrace-hot-'))
  const store = openStore(directory)
  await store.restore()
  const { operator, touchAll } = await groups(keys)
  let [checkpoint, bytes] = [0, 0]
  return {
    rows: keys,
    prepare: touchAll,
    run: async () => {
      bytes = await write(store, operator, ++checkpoint)
    },
    figures: async () => ({ checkpoint_bytes: bytes, ...(await measurePauses(keys)) }),
    close: async () => {
      await store.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

async function restoring(scale: number): Promise<Workload> {
  const keys = Math.round(RESTORED_KEYS * scale)
  const directory = mkdtempSync(join(tmpdir(), 'millrace-hot-'))
  const { create } = await storeEveryKey(keys, directory)
  const times: number[] = []
  return {
    rows: keys,
    prepare: () => {
      globalThis.gc?.()
    },
    run: async () => {
      const began = performance.now()
      const store = openStore(directory)
      const restored = await store.restore()
      if (restored === undefined) throw new Error('the checkpoint is gone')
      const operator = create()
      operator.restore?.(await restored.pages(UID))
      times.push(performance.now() - began)
      await store.close()
      const found = operator.metrics?.().stateEntries
      if (found !== keys) throw new Error(`${found} keys were restored, not ${keys}`)
    },
    figures: async () => ({ restore_ms: Math.round(times.sort((a, b) => a - b)[times.length >> 1] ?? 0) }),
    close: () => {
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

async function storeEveryKey(keys: number, directory: string): Promise<Pick<Groups, 'create'>> {
  const { operator, create, touchAll } = await groups(keys)
  touchAll()
  const store = openStore(directory)
  await store.restore()
  await write(store, operator, 1)
  await store.close()
  return { create }
}

export const CHECKPOINT_CASES: readonly HotCase[] = [
  {
    name: 'checkpoint-1m-dirty',
    unit: 'keys',
    limit: 'entries of 32 bytes gathered into one buffer, checksum, one file written and synchronised',
    passes: 9,
    same: false,
    engine: checkpointing,
    kernel: (scale) => createStoredEntries(Math.round(DIRTY_KEYS * scale), 'write'),
  },
  {
    name: 'restore-10m-keys',
    unit: 'keys',
    limit: 'one file read, checksum, entries of 32 bytes put into a table sized for them',
    passes: RESTORES,
    same: false,
    engine: restoring,
    kernel: (scale) => createStoredEntries(Math.round(RESTORED_KEYS * scale), 'read'),
  },
]
