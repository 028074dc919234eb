/** The functions of the decoding kernel that JavaScript calls: over lines, and over records whose places are known. */
import {
  block,
  branch,
  branchIf,
  type Global,
  i32,
  ifThen,
  Label,
  type Local,
  loop,
  type Statement,
} from '../../../../core/wasm/code.ts'
import type { WasmFunction, WasmModule } from '../../../../core/wasm/module.ts'

export interface RecordFunctions {
  /** Reads the record at an address into a row, and gives the address behind its brace or -1. */
  readonly record: WasmFunction<'i32'>
  /** To be done when the record is known to be good: till then the general code must be able to read it again. */
  readonly finish: (row: Local<'i32'>) => Statement
}

export function defineLines(
  module: WasmModule,
  { record, finish }: RecordFunctions,
  rows: Global<'i32'>,
  base: Global<'i32'>,
): void {
  const lines = module.function('lines', 'i32')
  const [p, end, row, limit, from] = [
    lines.parameter('i32'),
    lines.parameter('i32'),
    lines.parameter('i32'),
    lines.parameter('i32'),
    lines.parameter('i32'),
  ]
  const [q, c] = [lines.local('i32'), lines.local('i32')]
  const [next, done] = [new Label('line'), new Label('lines')]
  lines.define(
    base.set(from),
    // So that no string goes on behind the end.
    i32.store8(end, i32.const(10)),
    block(
      done,
      loop(
        next,
        branchIf(i32.or(i32.geU(p, end), i32.geU(row, limit)), done),
        branchIf(i32.ltS(q.tee(record.call(p, row)), i32.const(0)), done),
        c.set(i32.load8U(q)),
        ifThen(i32.eq(c, i32.const(13)), c.set(i32.load8U(q.tee(i32.add(q, i32.const(1)))))),
        branchIf(i32.or(i32.ne(c, i32.const(10)), i32.geU(q, end)), done),
        finish(row),
        p.set(i32.add(q, i32.const(1))),
        row.set(i32.add(row, i32.const(1))),
        branch(next),
      ),
    ),
    rows.set(row),
    p,
  )
  module.export(lines)
}

export function defineSlices(
  module: WasmModule,
  { record, finish }: RecordFunctions,
  rows: Global<'i32'>,
  base: Global<'i32'>,
): void {
  const slices = module.function('slices', 'i32')
  const [starts, lengths, index, to, row, from] = [
    slices.parameter('i32'),
    slices.parameter('i32'),
    slices.parameter('i32'),
    slices.parameter('i32'),
    slices.parameter('i32'),
    slices.parameter('i32'),
  ]
  const [p, length] = [slices.local('i32'), slices.local('i32')]
  const [next, done] = [new Label('record'), new Label('records')]
  const at = i32.shl(index, i32.const(2))
  slices.define(
    base.set(from),
    block(
      done,
      loop(
        next,
        branchIf(i32.geU(index, to), done),
        length.set(i32.load(i32.add(lengths, at))),
        branchIf(i32.leS(length, i32.const(0)), done),
        p.set(i32.add(from, i32.load(i32.add(starts, at)))),
        branchIf(i32.ne(record.call(p, row), i32.add(p, length)), done),
        finish(row),
        index.set(i32.add(index, i32.const(1))),
        row.set(i32.add(row, i32.const(1))),
        branch(next),
      ),
    ),
    rows.set(row),
    index,
  )
  module.export(slices)
}
