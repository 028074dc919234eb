/** A window aggregate in two phases, as Flink prints them: what a worker aggregates before the exchange, and what is made of it. */
import {
  aggregateText,
  columns,
  type TextedWindowAggregate,
  windowPropertyTexts,
  windowTextFrom,
} from '../physical/describe.ts'
import type { AggregateCall } from '../expression.ts'

/** @param input names of its columns */
export function localWindowAggregateText(node: TextedWindowAggregate, input: readonly string[]): string {
  const accumulators = accumulatorNames(node.aggregates)
  const calls = node.aggregates.map((call, index) => aggregateText({ ...call, name: accumulators[index] ?? '' }, input))
  const from =
    node.attached === undefined
      ? `time_col=[${input[node.window.timeColumn]}]`
      : `win_start=[${input[node.attached.start]}], win_end=[${input[node.attached.end]}]`
  return textOf('LocalWindowAggregate', node, input, from, [...calls, `slice_end('w$) AS ${sliceName(node)}`])
}

export function globalWindowAggregateText(node: TextedWindowAggregate, input: readonly string[]): string {
  const accumulators = accumulatorNames(node.aggregates)
  const calls = node.aggregates.map((call, index) => `${call.function}(${accumulators[index]}) AS ${call.name}`)
  const from = `${node.attached === undefined ? 'slice_end' : 'win_end'}=[${sliceName(node)}]`
  return textOf('GlobalWindowAggregate', node, input, from, [...calls, ...windowPropertyTexts(node)])
}

function textOf(
  name: string,
  node: TextedWindowAggregate,
  input: readonly string[],
  from: string,
  values: readonly string[],
): string {
  const keys = node.keys.map((key) => input[key] ?? `$${key}`)
  const groupBy = keys.length === 0 ? '' : `groupBy=[${columns(node.keys, input)}], `
  return `${name}(${groupBy}window=[${windowTextFrom(node.window, from, input)}], select=[${[...keys, ...values].join(', ')}])`
}

function sliceName({ attached }: TextedWindowAggregate): string {
  return attached === undefined ? '$slice_end' : '$window_end'
}

/** `count1$0`; `(sum$1, count$2)` where an accumulator has several parts. */
function accumulatorNames(calls: readonly AggregateCall[]): readonly string[] {
  let next = 0
  return calls.map((call) => {
    const names = partsOf(call).map((part) => `${part}$${next++}`)
    return names.length === 1 ? (names[0] ?? '') : `(${names.join(', ')})`
  })
}

function partsOf({ function: name, args }: AggregateCall): readonly string[] {
  switch (name) {
    case 'COUNT':
      return [args.length === 0 ? 'count1' : 'count']
    case 'AVG':
      return ['sum', 'count']
    case 'SUM0':
    case '$SUM0':
      return ['sum']
    case 'SUM':
    case 'MIN':
    case 'MAX':
      return [name.toLowerCase()]
    default:
      // Of the deviations.
      return ['count', 'mean', 'squares']
  }
}
