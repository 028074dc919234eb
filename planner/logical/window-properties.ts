/** Which columns of a node are window_start, window_end and window_time, and of which window. */
import type { LogicalNode } from './node.ts'
import type { WindowProperty } from './window-aggregate.ts'
import type { WindowTableFunction } from './window-table-function.ts'

interface WindowColumns {
  /** By column. */
  readonly properties: ReadonlyMap<number, WindowProperty>
  readonly source: WindowTableFunction
}

const PROPERTIES: readonly WindowProperty[] = ['window_start', 'window_end', 'window_time']

/** Looks through projections and filters down to a window table function. */
function windowColumns(node: LogicalNode): WindowColumns | undefined {
  switch (node.kind) {
    case 'window-table-function': {
      const first = node.input.schema.fields.length
      return { properties: new Map(PROPERTIES.map((property, index) => [first + index, property])), source: node }
    }
    case 'filter':
      return windowColumns(node.input)
    case 'project': {
      const below = windowColumns(node.input)
      if (below === undefined) return undefined
      const properties = new Map<number, WindowProperty>()
      for (const [index, expression] of node.expressions.entries()) {
        const property = expression.kind === 'input' ? below.properties.get(expression.index) : undefined
        if (property !== undefined) properties.set(index, property)
      }
      return { properties, source: below.source }
    }
    default:
      return undefined
  }
}

/** Whether grouping by these columns is grouping by window. */
export function groupsByWindow(input: LogicalNode, keys: readonly number[]): boolean {
  const found = windowColumns(input)
  if (found === undefined) return false
  const properties = keys.map((key) => found.properties.get(key))
  return properties.includes('window_start') && properties.includes('window_end')
}
