/** Functions of the decoding kernel that read strings. */
import {
  block,
  branch,
  branchIf,
  type Code,
  i32,
  i64,
  ifElse,
  ifThen,
  Label,
  type Local,
  loop,
  returnValue,
  sequence,
  type Statement,
  v128,
} from '../../../../core/wasm/code.ts'
import type { WasmFunction, WasmModule } from '../../../../core/wasm/module.ts'
import type { Tables } from './tables.ts'

export const QUOTE = 34
export const BACKSLASH = 92

export const FAILED = i32.const(-1)

/** `p` moves on to the first quote, backslash or control character. */
export function findSpecial(p: Local<'i32'>, mask: Local<'i32'>, vector: Local<'v128'>): Statement {
  const next = new Label('string')
  const found = new Label('found')
  const special = v128.or(
    v128.or(v128.eq8(vector, v128.splat8(QUOTE)), v128.eq8(vector, v128.splat8(BACKSLASH))),
    v128.ge8U(v128.splat8(31), vector),
  )
  return sequence(
    block(
      found,
      loop(
        next,
        vector.set(v128.load(p)),
        branchIf(mask.tee(v128.bitmask8(special)), found),
        p.set(i32.add(p, i32.const(16))),
        branch(next),
      ),
    ),
    p.set(i32.add(p, i32.ctz(mask))),
  )
}

export interface TextFunctions {
  /** From behind an opening quote to the closing one, or -1: the string is not valid, or it does not end in this line. */
  readonly closingQuote: WasmFunction<'i32'>
  /** Replaces the escapes of a valid string, in its place; gives the length that is left. */
  readonly unescape: WasmFunction<'i32'>
}

export function defineText(module: WasmModule, tables: Tables): TextFunctions {
  return { closingQuote: defineClosingQuote(module, tables), unescape: defineUnescape(module, tables) }
}

function defineClosingQuote(module: WasmModule, tables: Tables): WasmFunction<'i32'> {
  const made = module.function('closingQuote', 'i32')
  const p = made.parameter('i32')
  const [mask, c] = [made.local('i32'), made.local('i32')]
  const vector = made.local('v128')
  const next = new Label('next')
  const isNoHex = (at: number): Code<'i32'> => tables.hex(i32.load8U(p, at))
  return made.define(
    loop(
      next,
      findSpecial(p, mask, vector),
      c.set(i32.load8U(p)),
      ifThen(i32.eq(c, i32.const(QUOTE)), returnValue(p)),
      ifThen(i32.ne(c, i32.const(BACKSLASH)), returnValue(FAILED)),
      c.set(i32.load8U(p, 1)),
      ifElse(
        i32.eq(c, i32.const(117)),
        sequence(
          ifThen(
            i32.gtU(i32.or(i32.or(isNoHex(2), isNoHex(3)), i32.or(isNoHex(4), isNoHex(5))), i32.const(15)),
            returnValue(FAILED),
          ),
          p.set(i32.add(p, i32.const(6))),
        ),
        sequence(ifThen(i32.eqz(tables.escape(c)), returnValue(FAILED)), p.set(i32.add(p, i32.const(2)))),
      ),
      branch(next),
    ),
    FAILED,
  )
}

function defineUnescape(module: WasmModule, tables: Tables): WasmFunction<'i32'> {
  const putCharacter = definePutCharacter(module)
  const made = module.function('unescape', 'i32')
  const [start, length] = [made.parameter('i32'), made.parameter('i32')]
  const [p, out, end, mask, count, code, low] = [
    made.local('i32'),
    made.local('i32'),
    made.local('i32'),
    made.local('i32'),
    made.local('i32'),
    made.local('i32'),
    made.local('i32'),
  ]
  const vector = made.local('v128')
  const next = new Label('next')
  const hexAt = (at: number): Code<'i32'> => {
    const digit = (place: number): Code<'i32'> => tables.hex(i32.load8U(p, at + place))
    const high = i32.or(i32.shl(digit(0), i32.const(12)), i32.shl(digit(1), i32.const(8)))
    return i32.or(high, i32.or(i32.shl(digit(2), i32.const(4)), digit(3)))
  }
  const surrogate = (value: Code<'i32'>, first: number): Code<'i32'> =>
    i32.eq(i32.and(value, i32.const(0xfc00)), i32.const(first))
  const pair = sequence(
    low.set(hexAt(8)),
    ifThen(
      surrogate(low, 0xdc00),
      code.set(
        i32.add(
          i32.const(0x10000),
          i32.or(i32.shl(i32.and(code, i32.const(0x3ff)), i32.const(10)), i32.and(low, i32.const(0x3ff))),
        ),
      ),
      p.set(i32.add(p, i32.const(6))),
    ),
  )
  const escape = ifElse(
    i32.eq(i32.load8U(p, 1), i32.const(117)),
    sequence(
      code.set(hexAt(2)),
      ifThen(
        i32.and(
          surrogate(code, 0xd800),
          i32.and(i32.leU(i32.add(p, i32.const(12)), end), i32.eq(i32.load16U(p, 6), i32.const(0x755c))),
        ),
        pair,
      ),
      out.set(putCharacter.call(out, code)),
      p.set(i32.add(p, i32.const(6))),
    ),
    sequence(
      i32.store8(out, tables.escape(i32.load8U(p, 1))),
      out.set(i32.add(out, i32.const(1))),
      p.set(i32.add(p, i32.const(2))),
    ),
  )
  return made.define(
    p.set(start),
    out.set(start),
    end.set(i32.add(start, length)),
    loop(
      next,
      vector.set(v128.load(p)),
      mask.set(v128.bitmask8(v128.eq8(vector, v128.splat8(BACKSLASH)))),
      // Characters before the next backslash, sixteen at the most.
      count.set(i32.ctz(i32.or(mask, i32.const(0x10000)))),
      ifThen(i32.gtU(i32.add(p, count), end), count.set(i32.sub(end, p))),
      copyDown(made, p, out, end, count, vector),
      p.set(i32.add(p, count)),
      out.set(i32.add(out, count)),
      ifThen(i32.ltU(p, end), ifThen(i32.ltU(count, i32.const(16)), escape), branchIf(i32.ltU(p, end), next)),
    ),
    i32.sub(out, start),
  )
}

/** The first `count` bytes of the vector, which are those at `p`, to `out`, which is not behind `p`. */
function copyDown(
  made: WasmFunction<'i32'>,
  p: Local<'i32'>,
  out: Local<'i32'>,
  end: Local<'i32'>,
  count: Local<'i32'>,
  vector: Local<'v128'>,
): Statement {
  const i = made.local('i32')
  const next = new Label('byte')
  // Sixteen bytes at once, where they overwrite nothing that is still to be read.
  const fits = i32.leU(i32.add(out, i32.const(16)), i32.add(p, count))
  const byBytes = sequence(
    i.set(i32.const(0)),
    ifThen(
      i32.ltU(i, count),
      loop(
        next,
        i32.store8(i32.add(out, i), i32.load8U(i32.add(p, i))),
        branchIf(i32.ltU(i.tee(i32.add(i, i32.const(1))), count), next),
      ),
    ),
  )
  return ifThen(
    i32.ne(out, p),
    ifElse(i32.and(fits, i32.leU(i32.add(out, i32.const(16)), end)), v128.store(out, vector), byBytes),
  )
}

/** UTF-8 of a code point at an address; half of a surrogate pair becomes U+FFFD. Gives the address behind it. */
function definePutCharacter(module: WasmModule): WasmFunction<'i32'> {
  const made = module.function('putCharacter', 'i32')
  const [out, code] = [made.parameter('i32'), made.parameter('i32')]
  const tail = (bits: number): Code<'i32'> =>
    i32.or(i32.const(0x80), i32.and(i32.shrU(code, i32.const(bits)), i32.const(63)))
  const head = (mark: number, bits: number): Code<'i32'> => i32.or(i32.const(mark), i32.shrU(code, i32.const(bits)))
  const put = (...bytes: readonly Code<'i32'>[]): Statement =>
    sequence(...bytes.map((byte, at) => i32.store8(out, byte, at)), returnValue(i32.add(out, i32.const(bytes.length))))
  return made.define(
    ifThen(i32.ltU(code, i32.const(0x80)), put(code)),
    ifThen(i32.ltU(code, i32.const(0x800)), put(head(0xc0, 6), tail(0))),
    ifThen(i32.eq(i32.and(code, i32.const(-2048)), i32.const(0xd800)), code.set(i32.const(0xfffd))),
    ifThen(i32.ltU(code, i32.const(0x10000)), put(head(0xe0, 12), tail(6), tail(0))),
    put(head(0xf0, 18), tail(12), tail(6), tail(0)),
    FAILED,
  )
}

/** Whether the bytes at the address differ from these. */
export function differs(p: Code<'i32'>, expected: Uint8Array): Code<'i32'> {
  const bytes = Buffer.from(expected)
  const { length } = bytes
  if (length === 1) return i32.ne(i32.load8U(p), i32.const(bytes[0] as number))
  if (length === 2) return i32.ne(i32.load16U(p), i32.const(bytes.readUInt16LE(0)))
  if (length === 4) return i32.ne(i32.load(p), i32.const(bytes.readInt32LE(0)))
  if (length < 8) {
    const padded = Buffer.alloc(8)
    bytes.copy(padded)
    const difference = i64.xor(i64.load(p), i64.const(padded.readBigInt64LE(0)))
    return i32.eqz(i64.eqz(i64.shl(difference, i64.const(64 - 8 * length))))
  }
  const words: Code<'i64'>[] = []
  for (let at = 0; at < length; at += 8) {
    const from = Math.min(at, length - 8)
    words.push(i64.xor(i64.load(p, from), i64.const(bytes.readBigInt64LE(from))))
  }
  return i32.eqz(i64.eqz(words.reduce((all, word) => i64.or(all, word))))
}
