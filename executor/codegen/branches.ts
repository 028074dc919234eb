/** Code for what is evaluated only where it matters: AND, OR, COALESCE, CASE. */
import { invariant } from '../../core/errors.ts'
import type { Call, Case } from '../../planner/expression.ts'
import type { Fragment, ScalarFragment } from './fragment.ts'
import type { Generator } from './generator.ts'
import { cheapestFirst } from './operand-order.ts'

/** AND and OR: the second operand is evaluated only where it matters. */
export function generateLogical(generator: Generator, expression: Call): Fragment {
  const isAnd = expression.function === 'AND'
  const [first, ...rest] = isAnd ? expression.args : cheapestFirst(expression.args)
  invariant(first !== undefined, 'AND and OR have operands')
  let left = generator.compile(first) as ScalarFragment
  for (const operand of rest) {
    const value = generator.name('b')
    const flag = generator.name('q')
    const { code, result } = generator.capture(() => generator.compile(operand) as ScalarFragment)
    const l = { v: left.value, n: left.isNull }
    const r = { v: result.value, n: result.isNull }
    generator.line(`let ${value} = ${isAnd ? 'false' : l.v}, ${flag} = 0;`)
    if (isAnd) {
      generator.line(`if (${l.v}${l.n === '0' ? '' : ` || ${l.n} === 1`}) { ${code}`)
      generator.line(
        `${value} = ${l.v} && ${r.v}; ${flag} = ${value} ? 0 : (${r.v}${r.n === '0' ? '' : ` || ${r.n} === 1`}) ? 1 : 0; }`,
      )
    } else {
      generator.line(`if (!(${l.v})) { ${code}`)
      generator.line(`${value} = ${r.v}; ${flag} = ${value} ? 0 : (${l.n} | ${r.n}); }`)
    }
    left = {
      representation: 'boolean',
      type: expression.type,
      value,
      isNull: l.n === '0' && r.n === '0' ? '0' : flag,
    }
  }
  return left
}

export function generateCoalesce(generator: Generator, expression: Call): Fragment {
  const whens = expression.args.slice(0, -1)
  const last = expression.args.at(-1)
  invariant(last !== undefined, 'COALESCE has arguments')
  const target = generator.variables(expression.type)
  const write = (at: number): void => {
    const arg = whens[at]
    if (arg === undefined) {
      generator.line(target.assign(generator.compile(last)))
      return
    }
    const value = generator.compile(arg)
    generator.line(`if (${value.isNull} === 0) { ${target.assign(value)} } else {`)
    generator.nested(() => write(at + 1))
    generator.line('}')
  }
  write(0)
  return target.fragment
}

export function generateCase(generator: Generator, expression: Case): Fragment {
  const target = textChoice(generator, expression) ?? generator.variables(expression.type)
  const write = (at: number): void => {
    const when = expression.whens[at]
    if (when === undefined) {
      generator.line(target.assign(generator.compile(expression.otherwise)))
      return
    }
    const test = generator.compile(when.condition) as ScalarFragment
    generator.line(`if (${test.value}) {`)
    generator.nested(() => generator.line(target.assign(generator.compile(when.result))))
    generator.line('} else {')
    generator.nested(() => write(at + 1))
    generator.line('}')
  }
  write(0)
  return target.fragment
}

/** Of literals: all of them lie in one buffer, and which one it is are two numbers. */
function textChoice(
  generator: Generator,
  { whens, otherwise, type }: Case,
): ReturnType<Generator['variables']> | undefined {
  const results = [...whens.map((when) => when.result), otherwise]
  if ((type.kind !== 'CHAR' && type.kind !== 'VARCHAR') || !results.every((result) => result.kind === 'literal'))
    return undefined
  const texts = results.map(({ value }) => (value === null ? '' : String(value)))
  const data = generator.constant(new TextEncoder().encode(texts.join('')))
  const [flag, start, length] = [generator.name('q'), generator.name('s_'), generator.name('l_')]
  generator.line(`let ${flag} = 1, ${start} = 0, ${length} = 0;`)
  return {
    fragment: {
      representation: 'view',
      type,
      isNull: results.every(({ value }) => value !== null) ? '0' : flag,
      data,
      start,
      length,
      source: { kind: 'column', name: data },
    },
    assign: (value) => {
      const view = generator.asView(value)
      if (view.literal === undefined) return `${flag} = 1; ${start} = 0; ${length} = 0;`
      const from = Buffer.byteLength(texts.slice(0, texts.indexOf(view.literal)).join(''))
      return `${flag} = 0; ${start} = ${from}; ${length} = ${view.length};`
    },
  }
}
