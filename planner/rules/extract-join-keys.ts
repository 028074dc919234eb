/**
 * Equalities of a join are over plain columns: `a.x + 1 = CAST(b.y AS BIGINT)` computes both values below the join, and
 * above it they are dropped again.
 */
import type { Expression } from '../expression.ts'
import { collectInputs, conjunction, conjunctsOf, mapInputs, shiftInputs } from '../expression-rewrite.ts'
import { createJoin, type Join } from '../logical/join.ts'
import { createTemporalJoin, type TemporalJoin } from '../logical/temporal-join.ts'
import { type LogicalNode, mapLogicalInputs } from '../logical/node.ts'
import { createProject, selectColumns } from '../logical/project.ts'
import { equality } from '../physical/join-keys.ts'
import type { RuleContext } from './rule-context.ts'

export function extractJoinKeys(node: LogicalNode, rules: RuleContext): LogicalNode {
  const below = mapLogicalInputs(node, (input) => extractJoinKeys(input, rules))
  if (below.kind === 'join') return withPlainKeys(below, rules)
  // What rows are looked up by may be computed by the lookup itself.
  return below.kind === 'temporal-join' && below.leftTime !== undefined ? withPlainKeys(below, rules) : below
}

function withPlainKeys(join: Join | TemporalJoin, rules: RuleContext): LogicalNode {
  const width = join.left.schema.fields.length
  const left = new Side(join.left)
  const right = new Side(join.right)
  const parts = conjunctsOf(join.condition).map((part): Expression | KeyPair => {
    const found = equality(part)
    if (found === undefined || !rules.isDeterministic(part)) return part
    const [a, b] = [sideOf(found.left, width), sideOf(found.right, width)]
    if (a === undefined || b === undefined || a === b) return part
    const [mine, theirs] = a === 'left' ? [found.left, found.right] : [found.right, found.left]
    return { call: found.call, left: left.add(mine), right: right.add(shiftInputs(theirs, -width)) }
  })
  if (left.isPlain && right.isPlain) return join
  const moved = left.width
  const condition = conjunction(
    parts.map((part) => ('kind' in part ? shifted(part, width, moved) : equal(part, moved))),
  )
  const [newLeft, newRight] = [left.build(), right.build()]
  const widened =
    join.kind === 'join'
      ? createJoin(join.joinType, newLeft, newRight, condition ?? join.condition, join)
      : createTemporalJoin({ ...join, left: newLeft, right: newRight, condition: condition ?? join.condition })
  const columns = join.schema.fields.map((_, index) => (index < width ? index : index - width + moved))
  return { ...selectColumns(widened, columns), schema: join.schema }
}

interface KeyPair {
  readonly call: Expression & { readonly kind: 'call' }
  readonly left: Expression
  readonly right: Expression
}

function equal({ call, left, right }: KeyPair, by: number): Expression {
  return { ...call, args: [left, shiftInputs(right, by)] }
}

function shifted(expression: Expression, width: number, moved: number): Expression {
  return mapInputs(expression, (input) =>
    input.index < width ? input : { ...input, index: input.index - width + moved },
  )
}

/** Undefined for a constant and for what needs both sides. */
function sideOf(expression: Expression, width: number): 'left' | 'right' | undefined {
  const inputs = [...collectInputs(expression)]
  if (inputs.length === 0) return undefined
  if (inputs.every((index) => index < width)) return 'left'
  return inputs.every((index) => index >= width) ? 'right' : undefined
}

/** An input with the values that are compared as further columns. */
class Side {
  readonly #input: LogicalNode
  readonly #added: Expression[] = []

  constructor(input: LogicalNode) {
    this.#input = input
  }

  get isPlain(): boolean {
    return this.#added.length === 0
  }

  get width(): number {
    return this.#input.schema.fields.length + this.#added.length
  }

  add(expression: Expression): Expression {
    if (expression.kind === 'input') return expression
    const text = JSON.stringify(expression)
    const known = this.#added.findIndex((other) => JSON.stringify(other) === text)
    const place = known < 0 ? this.#added.push(expression) - 1 : known
    return { kind: 'input', index: this.#input.schema.fields.length + place, type: expression.type }
  }

  build(): LogicalNode {
    if (this.isPlain) return this.#input
    const { fields } = this.#input.schema
    const columns = fields.map(({ type }, index): Expression => ({ kind: 'input', index, type }))
    const added = this.#added.map(({ type }, index) => ({ name: `$f${fields.length + index}`, type }))
    return createProject(this.#input, [...columns, ...this.#added], { fields: [...fields, ...added] })
  }
}
