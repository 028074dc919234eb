/**
 * A function in JavaScript that takes a table: called for every row, with PARTITION BY together with the state of the
 * row's key, an object that it may change
 * (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/functions/ptfs/).
 */
import { deserialize, serialize } from 'node:v8'
import { type ChangeBatch, createBatch } from '../../core/change-batch.ts'
import type { Value } from '../../core/column.ts'
import { columnOf } from '../../core/column-builder.ts'
import { gatherColumn } from '../../core/column-ops.ts'
import { type Schema, withNullability } from '../../core/types.ts'
import type { ProcessFunctionNode } from '../../planner/physical/graph.ts'
import type { BytesStore } from '../../state/table/bytes-store.ts'
import { KeyedTable } from '../../state/table/keyed-table.ts'
import { callFailed } from '../functions/user-code.ts'
import { keyColumnsOf, keyTypesOf } from './key-columns.ts'
import type { Operator, OperatorContext, OperatorMetrics, StatePage } from './operator.ts'
import { type UserTableCall, userTableCall } from './user-table-function.ts'

const TABLE = 'state'

export function createProcessFunction(node: ProcessFunctionNode, input: Schema, context: OperatorContext): Operator {
  const { spec } = node
  const call = userTableCall(spec.function, spec.args, input)
  return spec.keys.length > 0 ? new OfSets(node, input, context, call) : ofRows(node, context, call)
}

function ofRows(node: ProcessFunctionNode, { output }: OperatorContext, call: UserTableCall): Operator {
  return {
    onBatch: (batch) => {
      const made = new MadeRows(node)
      for (let row = 0; row < batch.rows; row++) {
        const given = call.argumentsAt(batch, row)
        if (given !== undefined) made.add(row, call.rowsOf(given))
      }
      made.emit(batch, output)
    },
    onWatermark: (time) => {
      output.watermark(time)
    },
  }
}

/** What a function keeps for a key: values that the structured clone algorithm knows. */
type KeyState = Record<string, unknown>

class OfSets implements Operator {
  readonly #node: ProcessFunctionNode
  readonly #context: OperatorContext
  readonly #call: UserTableCall
  /** States as bytes; a key whose state is empty is not there. */
  readonly #table: KeyedTable

  constructor(node: ProcessFunctionNode, input: Schema, context: OperatorContext, call: UserTableCall) {
    this.#node = node
    this.#context = context
    this.#call = call
    this.#table = new KeyedTable(keyTypesOf(input, node.spec.keys), [{ kind: 'bytes' }], { ttl: node.stateTtl })
  }

  onBatch(batch: ChangeBatch): void {
    const now = this.#node.stateTtl > 0 ? this.#context.clock.now() : 0
    const keys = keyColumnsOf(batch, this.#node.spec.keys)
    const { rowIds, inserted } = this.#table.lookupOrInsert(keys, batch.rows, now)
    const made = new MadeRows(this.#node)
    const states = new Map<number, KeyState>()
    for (let row = 0; row < batch.rows; row++) {
      const id = rowIds[row] as number
      const state = states.get(id) ?? (inserted[row] === 1 ? {} : this.#stored(id))
      states.set(id, state)
      const given = this.#call.argumentsAt(batch, row)
      if (given !== undefined) made.add(row, this.#call.rowsOf([state, ...given]))
    }
    for (const [id, state] of states) this.#store(id, state)
    this.#table.compact()
    made.emit(batch, this.#context.output)
  }

  get #states(): BytesStore {
    return this.#table.values[0] as BytesStore
  }

  #stored(id: number): KeyState {
    const start = this.#states.starts[id] as number
    return deserialize(
      this.#states.dataOf(id).subarray(start, start + (this.#states.lengths[id] as number)),
    ) as KeyState
  }

  #store(id: number, state: KeyState): void {
    if (Object.keys(state).length === 0) {
      this.#table.remove(id)
      return
    }
    const bytes = this.#serialized(state)
    this.#states.set(id, bytes, 0, bytes.length)
  }

  #serialized(state: KeyState): Uint8Array {
    try {
      return serialize(state)
    } catch (error) {
      throw callFailed(this.#node.spec.function, [Object.keys(state)], error)
    }
  }

  onWatermark(time: number): void {
    this.#context.output.watermark(time)
  }

  onProcessingTime(now: number): void {
    this.#table.sweep(now)
  }

  snapshot(): readonly StatePage[] {
    return this.#table.snapshotPages().map((page) => ({ table: TABLE, ...page }))
  }

  restore(pages: readonly StatePage[]): void {
    this.#table.restorePages(pages, this.#context.clock.now())
  }

  metrics(): OperatorMetrics {
    return { stateBytes: this.#table.bytes, stateEntries: this.#table.size, lateRows: 0 }
  }
}

/** Rows that the function has made of a batch, with the rows that they come from. */
class MadeRows {
  readonly #node: ProcessFunctionNode
  readonly #sources: number[] = []
  readonly #values: Value[][]

  constructor(node: ProcessFunctionNode) {
    this.#node = node
    this.#values = node.spec.function.result.map(() => [])
  }

  add(source: number, rows: readonly (readonly Value[])[]): void {
    for (const row of rows) {
      this.#sources.push(source)
      for (const [index, values] of this.#values.entries()) values.push(row[index] ?? null)
    }
  }

  emit(batch: ChangeBatch, output: OperatorContext['output']): void {
    const count = this.#sources.length
    if (count === 0) return
    const sources = Int32Array.from(this.#sources)
    const { spec, schema } = this.#node
    const keys = keyColumnsOf(batch, spec.keys).map((column) => gatherColumn(column, sources, count))
    const made = spec.function.result.map(({ type }, index) =>
      columnOf(withNullability(type, true), this.#values[index] ?? []),
    )
    output.batch(createBatch(schema, [...keys, ...made], count))
  }
}
