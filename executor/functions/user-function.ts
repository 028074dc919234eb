/**
 * Scalar functions in JavaScript. Values go in and out in the forms of `core/row-value.ts`. A NULL is handed over as
 * null; where the parameter is NOT NULL the function is not called and the result is NULL.
 */
import type { UserFunction } from '../../catalog/function.ts'
import type { Value } from '../../core/column.ts'
import { invariant } from '../../core/errors.ts'
import { rowValueReader, rowValueWriter } from '../../core/row-value.ts'
import { typeToString } from '../../core/types.ts'
import type { CallSite, ScalarFunction } from './function.ts'
import { callFailed, loadUserCode, wrongResult } from './user-code.ts'

export function userScalarFunction(user: UserFunction): ScalarFunction {
  return {
    name: user.path.name,
    kind: 'scalar',
    category: 'auxiliary',
    signatures: [],
    description: '',
    examples: [],
    strict: false,
    deterministic: user.deterministic,
    user,
    bind: () => undefined,
    evaluator: (call) => evaluatorOf(user, call),
  }
}

function evaluatorOf(user: UserFunction, call: CallSite): (...args: Value[]) => Value {
  const code = loadUserCode(user.source, user.path.name)
  const readers = call.argumentTypes.map((type) => rowValueReader(type))
  const required = user.parameters.map(({ type }) => !type.nullable)
  const [result] = user.result
  invariant(result !== undefined, 'a scalar function has a result')
  const write = rowValueWriter(result.type)
  return (...args) => {
    const given: unknown[] = []
    for (let index = 0; index < args.length; index++) {
      const value = args[index] as Value
      if (value === null && required[index] === true) return null
      given.push(readers[index]?.(value))
    }
    let returned: unknown
    try {
      returned = code(...given)
    } catch (error) {
      throw callFailed(user, given, error)
    }
    const written = write(returned)
    if (written === undefined) throw wrongResult(user, given, returned, typeToString(result.type))
    return written
  }
}
