/** Text in quotes, for the encoding kernel. */
import { block, branch, type Code, i32, ifThen, Label, loop, v128 } from '../../../core/wasm/code.ts'
import type { WasmFunction, WasmModule } from '../../../core/wasm/module.ts'

export interface QuotedTextRequest {
  readonly quote: number
  /** Which of sixteen bytes cannot stand in the text as they are. */
  readonly special: (vector: Code<'v128'>) => Code<'v128'>
  /** Puts what stands for such a byte to an address, and gives the address behind it. */
  readonly escape: WasmFunction<'i32'>
}

/** As `RecordSyntax.defineText` says. */
export function defineQuotedText(
  module: WasmModule,
  { quote, special, escape }: QuotedTextRequest,
): WasmFunction<'i32'> {
  const made = module.function('putQuoted', 'i32')
  const [out, p, length] = [made.parameter('i32'), made.parameter('i32'), made.parameter('i32')]
  const mask = made.local('i32')
  const vector = made.local('v128')
  const [next, done] = [new Label('next'), new Label('done')]
  // Bytes up to the first special one, sixteen at the most.
  const clean = i32.ctz(i32.or(mask, i32.const(0x10000)))
  return made.define(
    i32.store8(out, i32.const(quote)),
    out.set(i32.add(out, i32.const(1))),
    block(
      done,
      loop(
        next,
        vector.set(v128.load(p)),
        v128.store(out, vector),
        mask.set(v128.bitmask8(special(vector))),
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
    i32.store8(out, i32.const(quote)),
    i32.add(out, i32.const(1)),
  )
}
