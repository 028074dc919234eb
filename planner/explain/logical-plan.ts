/** The logical plan as text: `== Abstract Syntax Tree ==`. */
import { unreachable } from '../../core/errors.ts'
import { type LogicalNode, logicalInputs } from '../logical/node.ts'
import { hintText, tablePath, tableText, windowText } from '../physical/describe.ts'
import { fromChangelogText, processFunctionText, toChangelogText } from './table-function-text.ts'
import { logicalCorrelateText } from './correlate-text.ts'
import { logicalMatchText } from './match-text.ts'
import { logicalText } from './expression-text.ts'
import { frameText, orderText, rangeText } from './ordered-text.ts'
import type { TextTree } from './tree.ts'

export function logicalTree(node: LogicalNode): TextTree {
  if (node.kind === 'collect') return logicalTree(node.input)
  return { text: lineOf(node), inputs: logicalInputs(node).map(logicalTree) }
}

function inputNames({ input }: { readonly input: LogicalNode }): readonly string[] {
  return input.schema.fields.map((field) => field.name)
}

function lineOf(node: LogicalNode): string {
  const names = node.schema.fields.map((field) => field.name)
  switch (node.kind) {
    case 'scan':
      return `LogicalTableScan(table=[[${tableText(node.table)}]]${hintText(node.table, node.options)})`
    case 'watermark':
      return `LogicalWatermarkAssigner(rowtime=[${names[node.strategy.rowtime]}], watermark=[${logicalText(node.strategy.expression)}])`
    case 'values':
      return `LogicalValues(tuples=[[${node.rows.map((row) => `{ ${row.map((value) => logicalText(value)).join(', ')} }`).join(', ')}]])`
    case 'project':
      return `LogicalProject(${node.expressions.map((expression, index) => `${names[index]}=[${logicalText(expression)}]`).join(', ')})`
    case 'filter':
      return `LogicalFilter(condition=[${logicalText(node.condition)}])`
    case 'union':
      return 'LogicalUnion(all=[true])'
    case 'aggregate': {
      const calls = node.aggregates.map((call) => {
        const filter = call.filter === undefined ? '' : ` FILTER $${call.filter}`
        const args = call.args.map((arg) => `$${arg}`).join(', ')
        return `${call.name}=[${call.function}(${call.distinct ? 'DISTINCT ' : ''}${args})${filter}]`
      })
      return `LogicalAggregate(${[`group=[{${node.keys.join(', ')}}]`, ...calls].join(', ')})`
    }
    case 'expand': {
      const sets = node.copies.map(({ columns }) => `{${columns.map((column) => column ?? 'null').join(', ')}}`)
      return `LogicalExpand(projects=[${sets.join(', ')}])`
    }
    case 'window-table-function':
      return `LogicalTableFunctionScan(invocation=[${windowText(node.window, inputNames(node))}])`
    case 'window-aggregate':
      return `LogicalWindowAggregate(group=[{${node.keys.join(', ')}}], window=[${windowText(node.window, inputNames(node), node.attached)}])`
    case 'match':
      return logicalMatchText(node)
    case 'correlate':
      return logicalCorrelateText(node)
    case 'process-function':
      return `LogicalTableFunctionScan(invocation=[${processFunctionText(node.spec, inputNames(node))}])`
    case 'to-changelog':
      return `LogicalTableFunctionScan(invocation=[${toChangelogText(node.spec)}])`
    case 'from-changelog':
      return `LogicalTableFunctionScan(invocation=[${fromChangelogText(node.spec, inputNames(node))}])`
    case 'join':
      return `LogicalJoin(condition=[${logicalText(node.condition)}], joinType=[${node.joinType}])`
    case 'over':
      return `LogicalWindow(partition=[{${node.partition.join(', ')}}], order=[${orderText(node.order, [])}], frame=[${frameText(node.frame)}], calls=[${node.calls.map((call) => `${call.function}(${call.args.map((arg) => `$${arg}`).join(', ')})`).join(', ')}])`
    case 'rank':
      return `LogicalRank(partition=[{${node.partition.join(', ')}}], order=[${orderText(node.order, [])}], range=[${rangeText(node.range, [])}])`
    case 'window-rank':
      return `LogicalWindowRank(window=[${windowText(node.window, inputNames(node), node.attached)}], partition=[{${node.partition.join(', ')}}], order=[${orderText(node.order, [])}], range=[rankStart=${node.start}, rankEnd=${node.end}])`
    case 'sort':
      return `LogicalSort(order=[${orderText(node.order, [])}]${node.fetch === undefined ? '' : `, offset=[${node.offset}], fetch=[${node.fetch}]`})`
    case 'temporal-join': {
      const period = node.leftTime === undefined ? 'proctime' : `$${node.leftTime}`
      return `LogicalTemporalJoin(condition=[${logicalText(node.condition)}], joinType=[${node.joinType}], period=[${period}])`
    }
    case 'limit':
      return `LogicalSort(offset=[${node.offset}], fetch=[${node.fetch}])`
    case 'sink':
      return `LogicalSink(table=[${tablePath(node.table)}], fields=[${names.join(', ')}])`
    case 'collect':
      return `LogicalCollect(fields=[${names.join(', ')}])`
    default:
      return unreachable(node)
  }
}
