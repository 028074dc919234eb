/**
 * Scalar functions in JavaScript. Values go in and out in the forms of `core/row-value.ts`. A NULL is handed over as
 * null; where the parameter is NOT NULL the function is not called and the result is NULL.
 */
import type { UserFunction } from '../../catalog/function.ts'
import type { Value } from '../../core/column.ts'
import { invariant } from '../../core/errors.ts'
import { rowValueReader, rowValueWriter } from '../../core/row-value.ts'
import { type SqlType, typeToString } from '../../core/types.ts'
import { eitherNull, type Fragment } from '../codegen/fragment.ts'
import type { Generator } from '../codegen/generator.ts'
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
    generate: (generator, args, call) => generateCall(user, generator, args, call),
  }
}

/** A call in the loop itself, so that V8 may compile the function into it. */
function generateCall(user: UserFunction, generator: Generator, args: readonly Fragment[], call: CallSite): Fragment {
  const code = generator.constant(loadUserCode(user.source, user.path.name))
  const given = args.map(() => generator.name('a'))
  const readers = call.argumentTypes.map((type) =>
    isSameForUsers(type) ? '' : generator.constant(rowValueReader(type)),
  )
  const values = args.map((arg, at) => `${given[at]} = ${readers[at]}(${generator.asValue(arg, true)})`)
  const required = args.filter((_, at) => user.parameters[at]?.type.nullable === false)
  const failed = generator.constant((error: unknown, ...list: unknown[]): never => {
    throw callFailed(user, list, error)
  })
  const result = resultCode(user, generator, call, given)
  const write = given.length === 0 ? '' : `const ${values.join(', ')};`
  const body = `${write} let ${result.returned}; try { ${result.returned} = ${code}(${given.join(', ')}); } catch (error) { ${failed}(${['error', ...given].join(', ')}); } ${result.code}`
  const missing = eitherNull(required)
  generator.line(result.declare)
  generator.line(missing === '0' ? `{ ${body} }` : `if (${missing} === 0) { ${body} }`)
  return result.fragment()
}

interface ResultCode {
  /** Variable of what the function returned. */
  readonly returned: string
  readonly declare: string
  readonly code: string
  readonly fragment: () => Fragment
}

function resultCode(user: UserFunction, generator: Generator, call: CallSite, given: readonly string[]): ResultCode {
  const returned = generator.name('t')
  const [out, flag] = [generator.name('r'), generator.name('q')]
  const checked = `${generator.constant(checkedResult(user))}(${[returned, ...given].join(', ')})`
  const isMissing = `${flag} = ${out} === null ? 1 : 0;`
  if (call.returnType.kind !== 'BIGINT') {
    return {
      returned,
      declare: `let ${out} = null, ${flag} = 1;`,
      code: `${out} = ${checked}; ${isMissing}`,
      fragment: () => generator.fromValue(out, flag, call.returnType),
    }
  }
  const [low, high] = [generator.name('l'), generator.name('h')]
  const plain = `${flag} = 0; ${low} = ${returned} | 0; ${high} = Math.floor(${returned} / 4294967296);`
  const other = `const ${out} = ${checked}; ${isMissing} if (${flag} === 0) { word[0] = ${out}; ${low} = halves[0]; ${high} = halves[1]; }`
  return {
    returned,
    declare: `let ${low} = 0, ${high} = 0, ${flag} = 1;`,
    code: `if (Number.isSafeInteger(${returned})) { ${plain} } else { ${other} }`,
    fragment: () => ({
      representation: 'bigint',
      type: call.returnType,
      isNull: flag,
      value: `(halves[0] = ${low}, halves[1] = ${high}, word[0])`,
      halves: { low, high },
    }),
  }
}

/** Types whose values users get as they are. */
function isSameForUsers(type: SqlType): boolean {
  return ['BOOLEAN', 'TINYINT', 'SMALLINT', 'INT', 'BIGINT', 'FLOAT', 'DOUBLE', 'CHAR', 'VARCHAR'].includes(type.kind)
}

/** What was returned, as a value; the arguments are for the message. */
function checkedResult(user: UserFunction): (returned: unknown, ...given: unknown[]) => Value {
  const [result] = user.result
  invariant(result !== undefined, 'a scalar function has a result')
  const write = rowValueWriter(result.type)
  return (returned, ...given) => {
    const written = write(returned)
    if (written === undefined) throw wrongResult(user, given, returned, typeToString(result.type))
    return written
  }
}

function evaluatorOf(user: UserFunction, call: CallSite): (...args: Value[]) => Value {
  const code = loadUserCode(user.source, user.path.name)
  const readers = call.argumentTypes.map((type) => rowValueReader(type))
  const required = user.parameters.map(({ type }) => !type.nullable)
  const check = checkedResult(user)
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
    return check(returned, ...given)
  }
}
