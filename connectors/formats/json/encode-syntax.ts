/** Records of JSON, for the encoding kernel. */
import { block, branch, i32, ifThen, Label, loop, returnValue, v128 } from '../../../core/wasm/code.ts'
import type { WasmFunction, WasmModule } from '../../../core/wasm/module.ts'
import type { Field } from '../../../core/types.ts'
import type { RecordSyntax } from '../encode-kernel/syntax.ts'
import { BACKSLASH, QUOTE } from './kernel/text.ts'
import type { JsonOptions } from './options.ts'

export function jsonSyntax(fields: readonly Field[], options: JsonOptions, terminator: Uint8Array): RecordSyntax {
  return {
    before: fields.map(({ name }, index) => Buffer.from(`${index === 0 ? '{' : ','}${JSON.stringify(name)}:`)),
    end: Buffer.concat([Buffer.from(fields.length === 0 ? '{}' : '}'), terminator]),
    terminatorLength: terminator.length,
    nullText: Buffer.from('null'),
    dateQuote: QUOTE,
    timestampQuote: QUOTE,
    timeSeparator: options.timestamps === 'SQL' ? 32 : 84,
    plainDecimals: options.plainDecimals,
    defineText: (module) => defineText(module, defineEscape(module)),
  }
}

function defineText(module: WasmModule, escape: WasmFunction<'i32'>): WasmFunction<'i32'> {
  const made = module.function('putText', 'i32')
  const [out, p, length] = [made.parameter('i32'), made.parameter('i32'), made.parameter('i32')]
  const mask = made.local('i32')
  const vector = made.local('v128')
  const [next, done] = [new Label('next'), new Label('done')]
  const special = v128.or(
    v128.or(v128.eq8(vector, v128.splat8(QUOTE)), v128.eq8(vector, v128.splat8(BACKSLASH))),
    v128.ge8U(v128.splat8(31), vector),
  )
  // Bytes up to the first special one, sixteen at the most.
  const clean = i32.ctz(i32.or(mask, i32.const(0x10000)))
  return made.define(
    i32.store8(out, i32.const(QUOTE)),
    out.set(i32.add(out, i32.const(1))),
    block(
      done,
      loop(
        next,
        vector.set(v128.load(p)),
        v128.store(out, vector),
        mask.set(v128.bitmask8(special)),
        ifThen(
          i32.eqz(i32.or(mask, i32.leS(length, i32.const(16)))),
          p.set(i32.add(p, i32.const(16))),
          out.set(i32.add(out, i32.const(16))),
          length.set(i32.sub(length, i32.const(16))),
          branch(next),
        ),
        mask.set(clean),
        ifThen(i32.geS(mask, length), out.set(i32.add(out, length)), branch(done)),
        out.set(i32.add(out, mask)),
        out.set(escape.call(out, i32.load8U(i32.add(p, mask)))),
        mask.set(i32.add(mask, i32.const(1))),
        p.set(i32.add(p, mask)),
        length.set(i32.sub(length, mask)),
        branch(next),
      ),
    ),
    i32.store8(out, i32.const(QUOTE)),
    i32.add(out, i32.const(1)),
  )
}

/** One byte that cannot stand in a string as it is. */
function defineEscape(module: WasmModule): WasmFunction<'i32'> {
  const made = module.function('putEscape', 'i32')
  const [out, byte] = [made.parameter('i32'), made.parameter('i32')]
  const short = ['""', '\\\\', '\bb', '\ff', '\nn', '\rr', '\tt'].map((pair) => {
    const letter = pair.charCodeAt(1)
    return ifThen(
      i32.eq(byte, i32.const(pair.charCodeAt(0))),
      i32.store16(out, i32.const(BACKSLASH | (letter << 8))),
      returnValue(i32.add(out, i32.const(2))),
    )
  })
  const digit = i32.and(byte, i32.const(15))
  const letter = i32.mul(i32.gtU(digit, i32.const(9)), i32.const(7))
  return made.define(
    ...short,
    // `\u00`, then 0 or 1 and a digit.
    i32.store(out, i32.const(0x30_30_75_5c | 0)),
    i32.store8(out, i32.add(i32.const(48), i32.shrU(byte, i32.const(4))), 4),
    i32.store8(out, i32.add(i32.add(i32.const(48), digit), letter), 5),
    i32.add(out, i32.const(6)),
  )
}
