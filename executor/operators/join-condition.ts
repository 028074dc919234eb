/** The part of a join's condition that is no equality of keys, over pairs of rows. */
import type { ChangeBatch } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import { invariant } from '../../core/errors.ts'
import type { Schema } from '../../core/types.ts'
import type { Expression } from '../../planner/expression.ts'
import { collectInputs } from '../../planner/expression-rewrite.ts'
import { compileScalar } from '../codegen/calc.ts'
import type { Environment } from '../functions/function.ts'

export interface JoinCondition {
  /**
   * @param column the given column of the pairs, those of the right side behind those of the left
   * @returns for each pair 1 where the condition is TRUE; valid until the next call
   */
  test(pairs: number, column: (index: number) => Column): Uint8Array
}

const UNREAD: Column = { kind: 'null', nulls: null }

export function compileJoinCondition(
  condition: Expression,
  left: Schema,
  right: Schema,
  environment: Environment,
): JoinCondition {
  const schema: Schema = { fields: [...left.fields, ...right.fields] }
  const read = collectInputs(condition)
  const evaluate = compileScalar(condition, environment)
  let mask = new Uint8Array(0)
  return {
    test: (pairs, column) => {
      if (pairs === 0) return mask
      if (mask.length < pairs) mask = new Uint8Array(2 * pairs)
      const columns = schema.fields.map((_, index) => (read.has(index) ? column(index) : UNREAD))
      const batch: ChangeBatch = { schema, rows: pairs, columns, kinds: null }
      const result = evaluate(batch)
      invariant(result.kind === 'bool', 'a condition is a BOOLEAN')
      const { values, nulls } = result
      if (nulls === null) mask.set(values.subarray(0, pairs))
      else for (let i = 0; i < pairs; i++) mask[i] = nulls[i] === 1 ? 0 : (values[i] as number)
      return mask
    },
  }
}
