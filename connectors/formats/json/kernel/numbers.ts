/** Functions and code of the decoding kernel that read numbers and times. */
import {
  block,
  branch,
  branchIf,
  type Code,
  type Global,
  i32,
  i64,
  ifThen,
  Label,
  type Local,
  loop,
  returnValue,
  sequence,
  type Statement,
} from '../../../../core/wasm/code.ts'
import type { WasmFunction, WasmModule } from '../../../../core/wasm/module.ts'
import type { Tables } from './tables.ts'
import { FAILED } from './text.ts'

const ZEROS = 0x3030303030303030n
const ABOVE_NINE = 0x7676767676767676n
const HIGH_BITS = 0x8080808080808080n
const MINUS = 45
const POINT = 46

export interface NumberLocals {
  readonly p: Local<'i32'>
  readonly negative: Local<'i64'>
  readonly value: Local<'i64'>
  readonly word: Local<'i64'>
  /** Eight times the number of digits in the word. */
  readonly bits: Local<'i64'>
}

/** Eight bytes that are digits become 0 to 9; behind the first that is none anything may stand. */
function readWord({ p, word, bits }: NumberLocals): Statement {
  return sequence(
    word.set(i64.xor(i64.load(p), i64.const(ZEROS))),
    bits.set(
      i64.and(
        i64.ctz(i64.and(i64.or(i64.add(word, i64.const(ABOVE_NINE)), word), i64.const(HIGH_BITS))),
        i64.const(-8),
      ),
    ),
  )
}

/** The number that the first digits of the word make; there is at least one. */
function digitsOf({ word, bits }: NumberLocals): Code<'i64'> {
  const step = (digits: Code<'i64'>, mask: bigint, factor: number, shift: number): Code<'i64'> =>
    i64.shrU(i64.mul(i64.and(digits, i64.const(mask)), i64.const(factor)), i64.const(shift))
  const aligned = i64.shl(word, i64.sub(i64.const(64), bits))
  const pairs = step(aligned, 0x0f0f0f0f0f0f0f0fn, 2561, 8)
  const quads = step(pairs, 0x00ff00ff00ff00ffn, 6_553_601, 16)
  return step(quads, 0x0000ffff0000ffffn, 42_949_672_960_001, 32)
}

/** Up to 15 digits and a sign at `p`, into `value`; `p` moves behind them. Goes to `unusual` before anything is read. */
export function readInteger(locals: NumberLocals, tables: Tables, unusual: Label): Statement {
  const { p, negative, value, word, bits } = locals
  const digits = i32.shrU(i32.wrap(bits), i32.const(3))
  return sequence(
    negative.set(i64.const(0)),
    ifThen(i32.eq(i32.load8U(p), i32.const(MINUS)), negative.set(i64.const(-1)), p.set(i32.add(p, i32.const(1)))),
    readWord(locals),
    ifThen(i64.eqz(bits), ifThen(i64.ne(negative, i64.const(0)), returnValue(FAILED)), branch(unusual)),
    ifThen(
      i64.eqz(i64.and(word, i64.const(255))),
      // No zero leads.
      ifThen(i64.ne(bits, i64.const(8)), returnValue(FAILED)),
    ),
    value.set(digitsOf(locals)),
    p.set(i32.add(p, digits)),
    ifThen(
      i64.eq(bits, i64.const(64)),
      readWord(locals),
      ifThen(i64.eq(bits, i64.const(64)), returnValue(FAILED)),
      ifThen(
        i64.ne(bits, i64.const(0)),
        value.set(i64.add(i64.mul(value, tables.power(digits)), digitsOf(locals))),
        p.set(i32.add(p, digits)),
      ),
    ),
    value.set(i64.sub(i64.xor(value, negative), negative)),
  )
}

/** Skips up to seven digits. */
export function skipInteger(locals: NumberLocals, unusual: Label): Statement {
  const { p, word, bits } = locals
  return sequence(
    branchIf(i32.eq(i32.load8U(p), i32.const(MINUS)), unusual),
    readWord(locals),
    branchIf(i64.eqz(bits), unusual),
    ifThen(i64.eqz(i64.and(word, i64.const(255))), ifThen(i64.ne(bits, i64.const(8)), returnValue(FAILED))),
    branchIf(i64.eq(bits, i64.const(64)), unusual),
    p.set(i32.add(p, i32.shrU(i32.wrap(bits), i32.const(3)))),
  )
}

export interface DecimalFunction {
  /** From the first byte of a number without exponent to behind it, or -1. */
  readonly read: WasmFunction<'i32'>
  /** All digits as one number, at most 15 of them, … */
  readonly digits: Global<'i64'>
  /** … so many of which stand behind the point. */
  readonly fraction: Global<'i32'>
  readonly negative: Global<'i32'>
}

export function defineDecimal(module: WasmModule): DecimalFunction {
  const [digits, fraction, negative] = [module.global('i64'), module.global('i32'), module.global('i32')]
  const read = module.function('decimal', 'i32')
  const p = read.parameter('i32')
  const [first, point, digit] = [read.local('i32'), read.local('i32'), read.local('i32')]
  const value = read.local('i64')
  const run = (): Statement => {
    const [next, done] = [new Label('digit'), new Label('digits')]
    return block(
      done,
      loop(
        next,
        branchIf(i32.gtU(digit.tee(i32.sub(i32.load8U(p), i32.const(48))), i32.const(9)), done),
        value.set(i64.add(i64.mul(value, i64.const(10)), i64.extendU(digit))),
        p.set(i32.add(p, i32.const(1))),
        branch(next),
      ),
    )
  }
  read.define(
    negative.set(i32.eq(i32.load8U(p), i32.const(MINUS))),
    p.set(i32.add(p, negative)),
    first.set(p),
    run(),
    ifThen(i32.eq(p, first), returnValue(FAILED)),
    ifThen(
      i32.and(i32.eq(i32.load8U(first), i32.const(48)), i32.ne(p, i32.add(first, i32.const(1)))),
      returnValue(FAILED),
    ),
    fraction.set(i32.const(0)),
    ifThen(
      i32.eq(i32.load8U(p), i32.const(POINT)),
      point.set(p.tee(i32.add(p, i32.const(1)))),
      run(),
      ifThen(i32.eq(p, point), returnValue(FAILED)),
      fraction.set(i32.sub(p, point)),
    ),
    ifThen(i32.gtU(i32.sub(p, first), i32.const(15)), returnValue(FAILED)),
    digits.set(value),
    p,
  )
  return { read, digits, fraction, negative }
}

export interface TimeFunctions {
  /** Days since the epoch of a date at an address; `NO_DATE`: it is none. */
  readonly days: WasmFunction<'i32'>
  /** From behind the seconds to behind the fraction, which goes to `nanos`; -1: too many digits. */
  readonly fraction: WasmFunction<'i32'>
  readonly nanos: Global<'i64'>
}

export const NO_DATE = -2_147_483_648

/** @param daysOf the calendar, asked where a date is not the one asked for last */
export function defineTimes(module: WasmModule, daysOf: WasmFunction<'i32'>, tables: Tables): TimeFunctions {
  const nanos = module.global('i64')
  return { days: defineDays(module, daysOf), fraction: defineFraction(module, nanos, tables), nanos }
}

function defineDays(module: WasmModule, daysOf: WasmFunction<'i32'>): WasmFunction<'i32'> {
  const [lastHead, lastTail, lastDays] = [module.global('i64'), module.global('i32'), module.global('i32')]
  const made = module.function('days', 'i32')
  const p = made.parameter('i32')
  return made.define(
    ifThen(
      i32.or(i64.ne(i64.load(p), lastHead), i32.ne(i32.load16U(p, 8), lastTail)),
      lastDays.set(daysOf.call(p)),
      lastHead.set(i64.load(p)),
      lastTail.set(i32.load16U(p, 8)),
    ),
    lastDays,
  )
}

function defineFraction(module: WasmModule, nanos: Global<'i64'>, tables: Tables): WasmFunction<'i32'> {
  const made = module.function('fraction', 'i32')
  const p = made.parameter('i32')
  const [first, digit] = [made.local('i32'), made.local('i32')]
  const value = made.local('i64')
  const [next, done] = [new Label('digit'), new Label('digits')]
  return made.define(
    nanos.set(i64.const(0)),
    ifThen(i32.ne(i32.load8U(p), i32.const(POINT)), returnValue(p)),
    first.set(p.tee(i32.add(p, i32.const(1)))),
    block(
      done,
      loop(
        next,
        branchIf(i32.gtU(digit.tee(i32.sub(i32.load8U(p), i32.const(48))), i32.const(9)), done),
        value.set(i64.add(i64.mul(value, i64.const(10)), i64.extendU(digit))),
        p.set(i32.add(p, i32.const(1))),
        branchIf(i32.leU(i32.sub(p, first), i32.const(9)), next),
        returnValue(FAILED),
      ),
    ),
    ifThen(i32.eq(p, first), returnValue(FAILED)),
    nanos.set(i64.mul(value, tables.power(i32.sub(i32.const(9), i32.sub(p, first))))),
    p,
  )
}

/**
 * `HH:mm:ss` at `p`, the word of which is read: the seconds of the day into `value`.
 *
 * @param otherwise where it is no time of day
 */
export function readTimeOfDay({ p, word, value }: NumberLocals, offset: number, otherwise: Statement): Statement {
  const colons = (BigInt(0x3a) << 16n) | (BigInt(0x3a) << 40n)
  const text = (ZEROS & ~(0xffn << 16n) & ~(0xffn << 40n)) | colons
  // Each pair of digits as one number, in the byte of its first digit.
  const pair = (at: number): Code<'i64'> => {
    const digit = (place: number): Code<'i64'> => i64.and(i64.shrU(word, i64.const(8 * place)), i64.const(15))
    return i64.add(i64.mul(digit(at), i64.const(10)), digit(at + 1))
  }
  const noDigit = i64.and(i64.or(i64.add(word, i64.const(ABOVE_NINE)), word), i64.const(HIGH_BITS))
  const noColon = i64.and(word, i64.const((0xffn << 16n) | (0xffn << 40n)))
  const tooLarge = i32.or(
    i64.gtU(pair(0), i64.const(23)),
    i32.or(i64.gtU(pair(3), i64.const(59)), i64.gtU(pair(6), i64.const(59))),
  )
  return sequence(
    word.set(i64.xor(i64.load(p, offset), i64.const(text))),
    ifThen(i32.or(i32.eqz(i64.eqz(i64.or(noDigit, noColon))), tooLarge), otherwise),
    value.set(i64.add(i64.mul(i64.add(i64.mul(pair(0), i64.const(60)), pair(3)), i64.const(60)), pair(6))),
  )
}
