/**
 * `table.exec.mini-batch.*`: group aggregates gather rows into bundles, and assigners above the sources say when a
 * bundle ends. As in Flink's MiniBatchIntervalInferRule an assigner works by the clock, unless something above it needs
 * event time: then it lets watermarks through, one for each interval.
 */
import { MillraceError } from '../../core/errors.ts'
import type { RuleContext } from '../rules/rule-context.ts'
import { isBatch } from './batch.ts'
import { consumersOf, createDraft, type Draft, inOrder } from './draft.ts'
import type { MiniBatchAssignerNode } from './graph.ts'

type Mode = MiniBatchAssignerNode['mode']

/** @throws MillraceError CONFIGURATION_ERROR where mini-batches are on without an interval or a size */
export function assignMiniBatches(roots: readonly Draft[], rules: RuleContext): void {
  const settings = readSettings(rules)
  if (settings === undefined) return
  const order = inOrder(roots)
  const consumers = consumersOf(order)
  const modes = new Map<Draft, Mode | undefined>()
  for (const draft of [...order].reverse()) {
    const wanted = (consumers.get(draft) ?? []).map((consumer) => modeBelow(consumer, modes))
    const mode = wanted.length === 0 ? 'proctime' : strongest(wanted)
    modes.set(draft, mode)
    if (draft.node.kind === 'group-aggregate') draft.node = { ...draft.node, miniBatch: { size: settings.size } }
    if (mode === undefined || (draft.node.kind !== 'source' && draft.node.kind !== 'watermark')) continue
    const { schema } = draft.node
    const assigner = createDraft({ kind: 'mini-batch-assigner', interval: settings.interval, mode, schema }, [draft])
    for (const consumer of consumers.get(draft) ?? []) {
      consumer.inputs = consumer.inputs.map((input) => (input === draft ? assigner : input))
    }
  }
}

function readSettings({ planner }: RuleContext): { interval: number; size: number } | undefined {
  const { configuration } = planner
  if (!configuration.boolean('table.exec.mini-batch.enabled') || isBatch(planner)) return undefined
  const interval = configuration.duration('table.exec.mini-batch.allow-latency')
  const size = Number(configuration.get('table.exec.mini-batch.size') ?? -1)
  for (const [key, value] of [
    ['table.exec.mini-batch.allow-latency', interval],
    ['table.exec.mini-batch.size', size],
  ] as const) {
    if (value > 0) continue
    throw new MillraceError('CONFIGURATION_ERROR', `key "${key}" must be greater than 0`, {
      detail: "'table.exec.mini-batch.enabled' is 'true': bundles end after that time, and at that many rows.",
    })
  }
  return { interval, size }
}

/** What a node asks of the assigners below it; undefined: below a watermark there is nothing to assign. */
function modeBelow(consumer: Draft, modes: ReadonlyMap<Draft, Mode | undefined>): Mode | undefined {
  if (consumer.node.kind === 'watermark') return undefined
  return needsEventTime(consumer) ? 'rowtime' : modes.get(consumer)
}

function strongest(modes: readonly (Mode | undefined)[]): Mode | undefined {
  return modes.includes('rowtime') ? 'rowtime' : modes.find((mode) => mode !== undefined)
}

/**
 * Kinds that pass watermarks on without looking at them. Everything else that reads a time attribute is taken to wait
 * for watermarks, and so is a sink that could commit partitions by them.
 */
const TIMELESS: readonly Draft['node']['kind'][] = [
  'calc',
  'union',
  'correlate',
  'group-aggregate',
  'changelog-normalize',
  'drop-update-before',
  'to-changelog',
  'process-function',
  'from-changelog',
  'sink-materialize',
  'limit',
  'collect',
]

function needsEventTime({ node, inputs }: Draft): boolean {
  if (node.kind === 'sink') return node.table.partitionKeys.length > 0
  if (TIMELESS.includes(node.kind)) return false
  return inputs.some((input) =>
    input.node.schema.fields.some(({ type }) => 'timeAttribute' in type && type.timeAttribute === 'rowtime'),
  )
}
