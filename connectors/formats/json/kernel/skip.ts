/** The function of the decoding kernel that skips a value of any kind. */
import {
  block,
  branch,
  branchIf,
  type Code,
  i32,
  ifThen,
  Label,
  type Local,
  loop,
  returnValue,
  sequence,
  type Statement,
} from '../../../../core/wasm/code.ts'
import type { WasmFunction, WasmModule } from '../../../../core/wasm/module.ts'
import { FAILED, QUOTE, type TextFunctions } from './text.ts'

/** Deeper values are left to the general code. */
const MAX_DEPTH = 100

/**
 * From the first byte of a value to behind it, or -1: it is not valid, or it goes on in the next line, which only the
 * general code reads.
 */
export function defineSkip(module: WasmModule, text: TextFunctions): WasmFunction<'i32'> {
  const number = defineSkipNumber(module)
  const skip = module.function('skip', 'i32')
  const [p, depth] = [skip.parameter('i32'), skip.parameter('i32')]
  const c = skip.local('i32')
  const isNext = (byte: number): Code<'i32'> => i32.eq(i32.load8U(p), i32.const(byte))
  const step = p.set(i32.add(p, i32.const(1)))
  const failIf = (condition: Code<'i32'>): Statement => ifThen(condition, returnValue(FAILED))
  const move = (to: Code<'i32'>): Statement => failIf(i32.ltS(p.tee(to), i32.const(0)))
  const space = (): Statement => skipSpace(p)
  const literal = (word: string): Statement => {
    const head = Buffer.from(word.slice(0, 4)).readInt32LE()
    const matches = i32.eq(i32.load(p), i32.const(head))
    const whole =
      word.length === 4 ? matches : i32.and(matches, i32.eq(i32.load8U(p, 4), i32.const(word.charCodeAt(4))))
    return ifThen(whole, returnValue(i32.add(p, i32.const(word.length))))
  }
  const container = (open: number, close: number, key: readonly Statement[]): Statement => {
    const next = new Label('item')
    return ifThen(
      i32.eq(c, i32.const(open)),
      failIf(i32.gtU(depth, i32.const(MAX_DEPTH))),
      step,
      space(),
      ifThen(isNext(close), returnValue(i32.add(p, i32.const(1)))),
      loop(
        next,
        ...key,
        move(skip.call(p, i32.add(depth, i32.const(1)))),
        space(),
        c.set(i32.load8U(p)),
        step,
        ifThen(i32.eq(c, i32.const(44)), space(), branch(next)),
      ),
      failIf(i32.ne(c, i32.const(close))),
      returnValue(p),
    )
  }
  const key = [
    failIf(i32.ne(i32.load8U(p), i32.const(QUOTE))),
    move(text.closingQuote.call(i32.add(p, i32.const(1)))),
    step,
    space(),
    failIf(i32.ne(i32.load8U(p), i32.const(58))),
    step,
    space(),
  ]
  return skip.define(
    c.set(i32.load8U(p)),
    ifThen(
      i32.eq(c, i32.const(QUOTE)),
      move(text.closingQuote.call(i32.add(p, i32.const(1)))),
      returnValue(i32.add(p, i32.const(1))),
    ),
    container(123, 125, key),
    container(91, 93, []),
    literal('null'),
    literal('true'),
    literal('false'),
    number.call(p),
  )
}

/** Spaces and tabs. */
function skipSpace(p: Local<'i32'>): Statement {
  const next = new Label('space')
  const isSpace = i32.or(i32.eq(i32.load8U(p), i32.const(32)), i32.eq(i32.load8U(p), i32.const(9)))
  return loop(next, ifThen(isSpace, p.set(i32.add(p, i32.const(1))), branch(next)))
}

function defineSkipNumber(module: WasmModule): WasmFunction<'i32'> {
  const made = module.function('skipNumber', 'i32')
  const p = made.parameter('i32')
  const first = made.local('i32')
  const isByte = (byte: number): Code<'i32'> => i32.eq(i32.load8U(p), i32.const(byte))
  const step = p.set(i32.add(p, i32.const(1)))
  const digits = (): Statement => {
    const [next, done] = [new Label('digit'), new Label('digits')]
    return sequence(
      first.set(p),
      block(
        done,
        loop(next, branchIf(i32.gtU(i32.sub(i32.load8U(p), i32.const(48)), i32.const(9)), done), step, branch(next)),
      ),
      ifThen(i32.eq(p, first), returnValue(FAILED)),
    )
  }
  return made.define(
    ifThen(isByte(45), step),
    digits(),
    ifThen(
      i32.and(i32.eq(i32.load8U(first), i32.const(48)), i32.ne(p, i32.add(first, i32.const(1)))),
      returnValue(FAILED),
    ),
    ifThen(isByte(46), step, digits()),
    ifThen(i32.or(isByte(101), isByte(69)), step, ifThen(i32.or(isByte(43), isByte(45)), step), digits()),
    p,
  )
}
