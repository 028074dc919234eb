/** Records of JSON, for the encoding kernel. */
import { type Code, i32, ifThen, returnValue, v128 } from '../../../core/wasm/code.ts'
import type { WasmFunction, WasmModule } from '../../../core/wasm/module.ts'
import type { Field } from '../../../core/types.ts'
import { defineQuotedText } from '../encode-kernel/quoted-text.ts'
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
    defineText: (module) => defineQuotedText(module, { quote: QUOTE, special, escape: defineEscape(module) }),
  }
}

/** The quote, the backslash and control characters. */
function special(vector: Code<'v128'>): Code<'v128'> {
  return v128.or(
    v128.or(v128.eq8(vector, v128.splat8(QUOTE)), v128.eq8(vector, v128.splat8(BACKSLASH))),
    v128.ge8U(v128.splat8(31), vector),
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
