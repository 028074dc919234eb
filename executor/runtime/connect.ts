/** Makes the running sources and sinks of a graph, loading each connector when it is first needed. */
import { CONNECTOR_DESCRIPTORS, FORMAT_DESCRIPTORS } from '../../catalog/connectors/index.ts'
import { parseTableOptions } from '../../catalog/table-options.ts'
import type { Connector } from '../../connectors/index.ts'
import { soleEnumerator } from '../../connectors/api/enumerator.ts'
import type { Source, SourcePoll } from '../../connectors/api/source.ts'
import { MillraceError } from '../../core/errors.ts'
import type { JsonValue } from '../../core/json.ts'
import type { OptionValues } from '../../core/options.ts'
import { isDivisible } from '../../planner/physical/exchange.ts'
import type { LookupJoinNode } from '../../planner/physical/join-nodes.ts'
import type { OperatorGraph, OperatorNode, SinkNode, SourceNode, ValuesNode } from '../../planner/physical/graph.ts'
import { valuesBatch } from '../codegen/calc.ts'
import type { AttemptOptions } from './attempt.ts'
import { LookupTask } from './lookup-task.ts'
import { SinkTask } from './sink-task.ts'
import { type SourceHost, SourceTask } from './source-task.ts'

const BATCH_ROWS = 4096

const EXTENSIONS = {
  connectors: new Map(CONNECTOR_DESCRIPTORS.map((descriptor) => [descriptor.name, descriptor])),
  formats: new Map(FORMAT_DESCRIPTORS.map((descriptor) => [descriptor.name, descriptor])),
}

async function load(
  node: SourceNode | SinkNode | LookupJoinNode,
  options: Pick<AttemptOptions, 'connectors'>,
): Promise<{ connector: Connector; values: OptionValues; name: string }> {
  const label = `table "${node.table.path.name}"`
  const values = parseTableOptions(node.options, EXTENSIONS, label)
  const name = values.string('connector')
  const loader = options.connectors[name]
  if (loader === undefined)
    throw new MillraceError('UNSUPPORTED_FEATURE', `connector "${name}" of ${label} cannot run yet`)
  return { connector: await loader(), values, name }
}

/** Which part of the source or sink this is, of how many. */
function subtaskOf(node: OperatorNode, { exchanges }: AttemptOptions): { subtask: number; parallelism: number } {
  const parallelism = exchanges?.deployment.subtasks[node.id] ?? 1
  return { subtask: parallelism === 1 ? 0 : (exchanges?.worker ?? 0), parallelism }
}

/** Whether a source or sink runs in several workers. */
export function runsParallel(node: OperatorNode): boolean {
  return isDivisible(EXTENSIONS.connectors, node)
}

/** Positions of all subtasks of a source as one for another number of them; undefined: it cannot be divided. */
export async function mergePositions(
  node: OperatorNode,
  positions: readonly JsonValue[],
  options: Pick<AttemptOptions, 'connectors'>,
): Promise<JsonValue | undefined> {
  if (node.kind !== 'source') return undefined
  const { connector } = await load(node, options)
  return connector.mergePositions?.(positions)
}

export async function createSinkTask(
  node: SinkNode,
  graph: OperatorGraph,
  options: AttemptOptions,
  signal: AbortSignal,
  onError: (error: MillraceError) => void,
): Promise<SinkTask> {
  const { connector, values, name } = await load(node, options)
  if (connector.createSink === undefined)
    throw new MillraceError('UNSUPPORTED_FEATURE', `connector "${name}" cannot be written to`)
  const input = graph.nodes[node.inputs[0] ?? -1]
  if (input === undefined) throw new MillraceError('INTERNAL_ERROR', 'a sink has no input')
  const sink = connector.createSink({
    table: node.table,
    options: values,
    schema: input.schema,
    columns: node.columns,
    primaryKey: node.primaryKey,
    changelog: input.changelog,
    overwrite: node.overwrite,
    jobName: options.jobName,
    uid: node.uid,
    ...subtaskOf(node, options),
    checkpointing: options.checkpointing,
    signal,
    clock: options.clock,
    output: options.output,
  })
  return new SinkTask(node, sink, onError)
}

export async function createSourceTask(
  node: SourceNode | ValuesNode,
  options: AttemptOptions,
  signal: AbortSignal,
  host: SourceHost,
): Promise<SourceTask> {
  if (node.kind === 'values') return new SourceTask(node, new ValuesSource(node, options), host)
  const { connector, values, name } = await load(node, options)
  if (connector.createSource === undefined)
    throw new MillraceError('UNSUPPORTED_FEATURE', `connector "${name}" cannot be read`)
  const source = connector.createSource({
    table: node.table,
    options: values,
    schema: node.schema,
    columns: node.columns,
    batchRows: Number(options.configuration.get('execution.batch-rows') ?? BATCH_ROWS),
    ...subtaskOf(node, options),
    enumerator: options.exchanges?.enumerator(node.id) ?? soleEnumerator(),
    signal,
    clock: options.clock,
    onSkipped: options.onSkipped,
  })
  return new SourceTask(node, source, host)
}

export async function createLookupTask(
  node: LookupJoinNode,
  options: AttemptOptions,
  signal: AbortSignal,
  onError: (error: unknown) => void,
): Promise<LookupTask> {
  const { connector, values } = await load(node, options)
  const { clock, onSkipped } = options
  const { timeZone } = options.environment
  return new LookupTask(node, { connector, values, signal, clock, timeZone, onSkipped, onError })
}

/** VALUES as a source of one batch; its position is whether the rows were handed over. */
class ValuesSource implements Source {
  readonly #node: ValuesNode
  readonly #options: AttemptOptions
  #done = false

  constructor(node: ValuesNode, options: AttemptOptions) {
    this.#node = node
    this.#options = options
  }

  async open(position: unknown): Promise<void> {
    this.#done = position === true
  }

  poll(): SourcePoll {
    if (this.#done || this.#node.rows.length === 0) return { kind: 'end' }
    this.#done = true
    return {
      kind: 'rows',
      split: 'values',
      bytes: 0,
      batch: valuesBatch(this.#node.rows, this.#node.schema, this.#options.environment),
    }
  }

  splits(): readonly string[] {
    return this.#done ? [] : ['values']
  }

  position(): boolean {
    return this.#done
  }

  async close(): Promise<void> {
    return
  }
}
