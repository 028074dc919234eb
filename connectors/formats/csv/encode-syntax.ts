/** Records of CSV, for the encoding kernel. */
import {
  block,
  branch,
  branchIf,
  type Code,
  i32,
  ifElse,
  ifThen,
  Label,
  loop,
  returnValue,
  sequence,
  v128,
} from '../../../core/wasm/code.ts'
import type { WasmFunction, WasmModule } from '../../../core/wasm/module.ts'
import type { Field } from '../../../core/types.ts'
import { defineQuotedText } from '../encode-kernel/quoted-text.ts'
import type { RecordSyntax } from '../encode-kernel/syntax.ts'
import type { CsvOptions } from './options.ts'

/** Jackson quotes longer text without looking at it. */
export const MAX_CHECKED = 24

/** Text of bytes from here on needs no quotes. */
export function safeByteOf({ delimiter, quote }: CsvOptions): number {
  return Math.max(delimiter, quote, 10) + 1
}

/** The blank in a timestamp makes Jackson quote it. */
export function quotesTimestamps(options: CsvOptions): boolean {
  return options.quote >= 0 && safeByteOf(options) > 32
}

export function csvSyntax(fields: readonly Field[], options: CsvOptions, terminator: Uint8Array): RecordSyntax {
  return {
    before: fields.map((_, index) => Buffer.from(index === 0 ? [] : [options.delimiter])),
    end: Buffer.from(terminator),
    terminatorLength: terminator.length,
    nullText: Buffer.from(options.nullLiteral ?? ''),
    dateQuote: undefined,
    timestampQuote: quotesTimestamps(options) ? options.quote : undefined,
    timeSeparator: 32,
    plainDecimals: options.plainDecimals,
    defineText: (module) => (options.quote < 0 ? defineCopy(module) : defineText(module, options)),
  }
}

function defineCopy(module: WasmModule): WasmFunction<'i32'> {
  const made = module.function('copyText', 'i32')
  const [out, p, length] = [made.parameter('i32'), made.parameter('i32'), made.parameter('i32')]
  const at = made.local('i32')
  const next = new Label('next')
  return made.define(
    loop(
      next,
      v128.store(i32.add(out, at), v128.load(i32.add(p, at))),
      branchIf(i32.ltS(at.tee(i32.add(at, i32.const(16))), length), next),
    ),
    i32.add(out, length),
  )
}

function defineText(module: WasmModule, options: CsvOptions): WasmFunction<'i32'> {
  const { quote } = options
  const needsQuotes = defineNeedsQuotes(module, options)
  const copy = defineCopy(module)
  const special = (vector: Code<'v128'>): Code<'v128'> =>
    orEscape(options, vector, v128.eq8(vector, v128.splat8(quote)))
  const quoted = defineQuotedText(module, { quote, special, escape: defineTwice(module) })
  const made = module.function('putText', 'i32')
  const [out, p, length] = [made.parameter('i32'), made.parameter('i32'), made.parameter('i32')]
  return made.define(
    ifThen(needsQuotes.call(p, length), returnValue(quoted.call(out, p, length))),
    copy.call(out, p, length),
  )
}

/** Or the escape character, where there is one. */
function orEscape({ escape }: CsvOptions, vector: Code<'v128'>, test: Code<'v128'>): Code<'v128'> {
  return escape < 0 ? test : v128.or(test, v128.eq8(vector, v128.splat8(escape)))
}

/** Quotes and escape characters are written twice. */
function defineTwice(module: WasmModule): WasmFunction<'i32'> {
  const made = module.function('putTwice', 'i32')
  const [out, byte] = [made.parameter('i32'), made.parameter('i32')]
  return made.define(i32.store8(out, byte), i32.store8(out, byte, 1), i32.add(out, i32.const(2)))
}

function defineNeedsQuotes(module: WasmModule, options: CsvOptions): WasmFunction<'i32'> {
  const made = module.function('needsQuotes', 'i32')
  const [p, length] = [made.parameter('i32'), made.parameter('i32')]
  const at = made.local('i32')
  const vector = made.local('v128')
  const next = new Label('next')
  const unsafe = orEscape(options, vector, v128.ge8U(v128.splat8(safeByteOf(options) - 1), vector))
  const first = i32.ctz(i32.or(v128.bitmask8(unsafe), i32.const(0x10000)))
  const javaLength = defineJavaLength(module)
  return made.define(
    // Four bytes are two units: longer text has more units than that whatever is in it.
    ifThen(i32.gtS(length, i32.const(4 * MAX_CHECKED)), returnValue(i32.const(1))),
    ifThen(
      i32.gtS(length, i32.const(MAX_CHECKED)),
      // One more than are checked, all ASCII.
      ifThen(i32.eqz(v128.bitmask8(v128.or(v128.load(p), v128.load(p, MAX_CHECKED - 15)))), returnValue(i32.const(1))),
      ifThen(i32.gtS(javaLength.call(p, length), i32.const(MAX_CHECKED)), returnValue(i32.const(1))),
    ),
    loop(
      next,
      vector.set(v128.load(i32.add(p, at))),
      at.set(i32.add(at, first)),
      // A clean vector leads to the next one; else it is a place that counts only before the end.
      ifElse(i32.and(i32.ltS(at, length), i32.eqz(v128.anyTrue(unsafe))), branch(next), sequence()),
    ),
    i32.ltS(at, length),
  )
}

/** UTF-16 code units of UTF-8 text: one for each character, two for those of four bytes. */
function defineJavaLength(module: WasmModule): WasmFunction<'i32'> {
  const made = module.function('javaLength', 'i32')
  const [p, length] = [made.parameter('i32'), made.parameter('i32')]
  const [units, byte, end] = [made.local('i32'), made.local('i32'), made.local('i32')]
  const [next, done] = [new Label('next'), new Label('done')]
  return made.define(
    end.set(i32.add(p, length)),
    block(
      done,
      loop(
        next,
        branchIf(i32.geU(p, end), done),
        byte.set(i32.load8U(p)),
        units.set(i32.add(units, i32.ne(i32.and(byte, i32.const(0xc0)), i32.const(0x80)))),
        units.set(i32.add(units, i32.geU(byte, i32.const(0xf0)))),
        p.set(i32.add(p, i32.const(1))),
        branch(next),
      ),
    ),
    units,
  )
}
