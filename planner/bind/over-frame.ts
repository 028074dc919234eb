/** ROWS and RANGE of a window, with what is meant where they are missing. */
import type { FunctionSpec } from '../../catalog/function.ts'
import type { SqlType } from '../../core/types.ts'
import type * as ast from '../../parser/ast.ts'
import type { OverFrame } from '../physical/graph.ts'
import { errorAt } from './binder-context.ts'
import type { ExpressionContext } from './expression-context.ts'

export function bindFrame(
  context: ExpressionContext,
  node: ast.WindowSpec,
  spec: FunctionSpec,
  order: SqlType | undefined,
): OverFrame {
  const { frame } = node
  if (frame === undefined) {
    const unit = spec.name === 'ROW_NUMBER' ? 'ROWS' : 'RANGE'
    return { unit, start: null, end: order === undefined ? null : 0 }
  }
  if (spec.kind === 'window') {
    throw errorAt(context, frame.span, 'INVALID_ARGUMENT', `${frame.unit} does not fit ${spec.name}`, {
      detail: 'The function has its meaning over all rows of the partition.',
    })
  }
  const start = bindBound(context, frame, frame.start, order)
  const end = frame.end === undefined ? 0 : bindBound(context, frame, frame.end, order)
  if (start === 'following' || end === 'preceding' || (start !== 'preceding' && end !== 'following' && start > end)) {
    throw errorAt(context, frame.span, 'INVALID_ARGUMENT', 'the frame ends before it starts')
  }
  return { unit: frame.unit, start: start === 'preceding' ? null : start, end: end === 'following' ? null : end }
}

/** From the row itself; a word where there is no bound. */
function bindBound(
  context: ExpressionContext,
  frame: ast.WindowFrame,
  node: ast.FrameBound,
  order: SqlType | undefined,
): number | 'preceding' | 'following' {
  switch (node.bound) {
    case 'UNBOUNDED PRECEDING':
      return 'preceding'
    case 'UNBOUNDED FOLLOWING':
      return 'following'
    case 'CURRENT ROW':
      return 0
    default: {
      const distance = bindDistance(context, frame, node, order)
      return node.bound === 'PRECEDING' ? 0 - distance : distance
    }
  }
}

function bindDistance(
  context: ExpressionContext,
  frame: ast.WindowFrame,
  node: ast.FrameBound,
  order: SqlType | undefined,
): number {
  const { offset } = node
  const bound = offset === undefined ? undefined : context.bind(context, offset)
  const byTime = order?.kind === 'TIMESTAMP' || order?.kind === 'TIMESTAMP_LTZ'
  const wanted = frame.unit === 'ROWS' || !byTime ? ['TINYINT', 'SMALLINT', 'INT', 'BIGINT'] : ['INTERVAL_DAY_TIME']
  const value = bound?.kind === 'literal' && wanted.includes(bound.type.kind) ? Number(bound.value) : -1
  if (value >= 0) return value
  const what = wanted.length > 1 ? 'a whole number that is not negative' : "an interval such as INTERVAL '5' MINUTE"
  throw errorAt(context, node.span, 'INVALID_ARGUMENT', `${frame.unit} takes ${what} before ${node.bound}`)
}
