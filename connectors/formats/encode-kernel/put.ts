/** Functions of the encoding kernel: values as text at an address; each gives the address behind it. */
import {
  branchIf,
  type Code,
  type Global,
  i32,
  i64,
  ifElse,
  ifThen,
  Label,
  loop,
  returnValue,
  sequence,
  type Statement,
} from '../../../core/wasm/code.ts'
import type { LinearMemory } from '../../../core/wasm/memory.ts'
import type { WasmFunction, WasmModule } from '../../../core/wasm/module.ts'

const ZEROS = 0x3030303030303030n
const EIGHT_DIGITS = 100_000_000
const POINT = 46
const DAY = 86_400

export interface PutFunctions {
  /** A signed number. */
  readonly long: WasmFunction<'i32'>
  readonly unsigned: WasmFunction<'i32'>
  /** Eight digits of a number below 10^8, 0 to 9 in the bytes from the lowest on. */
  readonly digits: WasmFunction<'i64'>
  /** `yyyy-MM-dd` of days since the epoch; -1: the year has not four digits. */
  readonly date: WasmFunction<'i32'>
  /** Date, separator, time and fraction from seconds since the epoch and nanoseconds; -1 as `date`. */
  readonly timestamp: WasmFunction<'i32'>
}

export interface PutRequest {
  readonly module: WasmModule
  readonly memory: LinearMemory
  /** Puts ten bytes of a date to an address, or gives 0 where its year has not four digits. */
  readonly dateText: WasmFunction<'i32'>
  /** Between date and time. */
  readonly separator: number
  /** What is allocated lives as long as this. */
  readonly owner: object
}

export function definePut(request: PutRequest): PutFunctions {
  const { module } = request
  const digits = defineDigits(module)
  const unsigned = defineUnsigned(module, digits)
  const long = module.function('putLong', 'i32')
  const [out, value] = [long.parameter('i32'), long.parameter('i64')]
  long.define(
    ifThen(
      i64.ltS(value, i64.const(0)),
      i32.store8(out, i32.const(45)),
      out.set(i32.add(out, i32.const(1))),
      value.set(i64.sub(i64.const(0), value)),
    ),
    unsigned.call(out, value),
  )
  const date = defineDate(request)
  const timestamp = defineTimestamp(request, date, digits)
  return { long, unsigned, digits, date, timestamp }
}

function defineDigits(module: WasmModule): WasmFunction<'i64'> {
  const made = module.function('digits', 'i64')
  const value = made.parameter('i32')
  const high = made.local('i32')
  const [lanes, part] = [made.local('i64'), made.local('i64')]
  // Halves, quarters and eighths: each quotient by a multiplication, beside its remainder.
  const split = (factor: number, shift: number, mask: bigint, by: number, width: number): Statement =>
    sequence(
      part.set(i64.and(i64.shrU(i64.mul(lanes, i64.const(factor)), i64.const(shift)), i64.const(mask))),
      lanes.set(i64.or(part, i64.shl(i64.sub(lanes, i64.mul(part, i64.const(by))), i64.const(width)))),
    )
  return made.define(
    high.set(i32.divU(value, i32.const(10_000))),
    lanes.set(
      i64.or(i64.extendU(high), i64.shl(i64.extendU(i32.sub(value, i32.mul(high, i32.const(10_000)))), i64.const(32))),
    ),
    split(10_486, 20, 0x0000007f0000007fn, 100, 16),
    split(103, 10, 0x000f000f000f000fn, 10, 8),
    lanes,
  )
}

function defineUnsigned(module: WasmModule, digits: WasmFunction<'i64'>): WasmFunction<'i32'> {
  const made = module.function('putUnsigned', 'i32')
  const [out, value] = [made.parameter('i32'), made.parameter('i64')]
  const [word, zeros, high] = [made.local('i64'), made.local('i64'), made.local('i64')]
  const text = i64.or(word, i64.const(ZEROS))
  return made.define(
    ifThen(
      i64.ltU(value, i64.const(EIGHT_DIGITS)),
      word.set(digits.call(i32.wrap(value))),
      // Leading zeros but for the last digit, in bits.
      zeros.set(i64.and(i64.ctz(i64.or(word, i64.const(1n << 56n))), i64.const(56))),
      i64.store(out, i64.shrU(text, zeros)),
      returnValue(i32.sub(i32.add(out, i32.const(8)), i32.wrap(i64.shrU(zeros, i64.const(3))))),
    ),
    high.set(i64.divU(value, i64.const(EIGHT_DIGITS))),
    out.set(made.call(out, high)),
    word.set(digits.call(i32.wrap(i64.sub(value, i64.mul(high, i64.const(EIGHT_DIGITS)))))),
    i64.store(out, text),
    i32.add(out, i32.const(8)),
  )
}

function defineDate({ module, memory, dateText, owner }: PutRequest): WasmFunction<'i32'> {
  const { address } = memory.allocate(16, owner)
  const lastDay: Global<'i32'> = module.global('i32')
  const isKnown: Global<'i32'> = module.global('i32')
  const made = module.function('putDate', 'i32')
  const [out, days] = [made.parameter('i32'), made.parameter('i32')]
  const last = i32.const(address)
  return made.define(
    ifThen(
      i32.eqz(i32.and(isKnown, i32.eq(days, lastDay))),
      isKnown.set(dateText.call(last, days)),
      lastDay.set(days),
      ifThen(i32.eqz(isKnown), returnValue(i32.const(-1))),
    ),
    i64.store(out, i64.load(last)),
    i32.store16(out, i32.load16U(last, 8), 8),
    i32.add(out, i32.const(10)),
  )
}

function defineTimestamp(
  { module, separator }: PutRequest,
  date: WasmFunction<'i32'>,
  digits: WasmFunction<'i64'>,
): WasmFunction<'i32'> {
  const made = module.function('putTimestamp', 'i32')
  const [out, seconds, nanos] = [made.parameter('i32'), made.parameter('i64'), made.parameter('i32')]
  const days = made.local('i64')
  const [second, minute, hour] = [made.local('i32'), made.local('i32'), made.local('i32')]
  const next = new Label('zero')
  const two = (value: Code<'i32'>, at: number): Statement =>
    sequence(
      i32.store8(out, i32.add(i32.const(48), i32.divU(value, i32.const(10))), at),
      i32.store8(out, i32.add(i32.const(48), i32.remU(value, i32.const(10))), at + 1),
    )
  return made.define(
    days.set(i64.divS(seconds, i64.const(DAY))),
    second.set(i32.wrap(i64.sub(seconds, i64.mul(days, i64.const(DAY))))),
    ifThen(
      i32.ltS(second, i32.const(0)),
      second.set(i32.add(second, i32.const(DAY))),
      days.set(i64.sub(days, i64.const(1))),
    ),
    ifThen(i64.ne(i64.extendS(i32.wrap(days)), days), returnValue(i32.const(-1))),
    ifThen(i32.ltS(out.tee(date.call(out, i32.wrap(days))), i32.const(0)), returnValue(i32.const(-1))),
    minute.set(i32.divU(second, i32.const(60))),
    second.set(i32.sub(second, i32.mul(minute, i32.const(60)))),
    hour.set(i32.divU(minute, i32.const(60))),
    minute.set(i32.sub(minute, i32.mul(hour, i32.const(60)))),
    i32.store8(out, i32.const(separator)),
    two(hour, 1),
    i32.store8(out, i32.const(58), 3),
    two(minute, 4),
    i32.store8(out, i32.const(58), 6),
    two(second, 7),
    out.set(i32.add(out, i32.const(9))),
    ifElse(
      nanos,
      sequence(
        i32.store8(out, i32.const(POINT)),
        i64.store(out, i64.or(digits.call(i32.divU(nanos, i32.const(10))), i64.const(ZEROS)), 1),
        i32.store8(out, i32.add(i32.const(48), i32.remU(nanos, i32.const(10))), 9),
        out.set(i32.add(out, i32.const(10))),
        loop(next, out.set(i32.sub(out, i32.const(1))), branchIf(i32.eq(i32.load8U(out), i32.const(48)), next)),
        out.set(i32.add(out, i32.const(1))),
      ),
      sequence(),
    ),
    out,
  )
}
