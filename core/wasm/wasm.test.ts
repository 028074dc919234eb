import { describe, expect, it } from 'vitest'
import {
  block,
  branch,
  branchIf,
  drop,
  f64,
  i32,
  i64,
  ifElse,
  ifThen,
  Label,
  loop,
  returnValue,
  select,
  sequence,
  v128,
} from './code.ts'
import { linearMemory } from './memory.ts'
import { WasmModule } from './module.ts'

describe('generated WebAssembly', () => {
  it('sums a column in a loop', () => {
    const memory = linearMemory()
    const values = memory.allocate(8 * 1000)
    const array = memory.view(BigInt64Array, values.address, 1000)
    for (let row = 0; row < 1000; row++) array[row] = BigInt(row * 3)
    const module = new WasmModule()
    const sum = module.function('sum', 'i64')
    const [address, rows] = [sum.parameter('i32'), sum.parameter('i32')]
    const [total, end] = [sum.local('i64'), sum.local('i32')]
    const next = new Label('next')
    const done = new Label('done')
    sum.define(
      end.set(i32.add(address, i32.shl(rows, i32.const(3)))),
      block(
        done,
        loop(
          next,
          branchIf(i32.geU(address, end), done),
          total.set(i64.add(total, i64.load(address))),
          address.set(i32.add(address, i32.const(8))),
          branch(next),
        ),
      ),
      total,
    )
    module.export(sum)
    const { sum: run } = module.instantiate(memory) as { sum: (address: number, rows: number) => bigint }
    expect(run(values.address, 1000)).toBe(1_498_500n)
    expect(run(values.address, 0)).toBe(0n)
  })

  it('finds a byte sixteen at a time, calls imported functions and keeps globals', () => {
    const memory = linearMemory()
    const text = memory.allocate(100)
    const module = new WasmModule()
    const report = module.imported('report', ['i32', 'i64'], 'void')
    const calls = module.global('i32')
    const find = module.function('find', 'i32')
    const p = find.parameter('i32')
    const mask = find.local('i32')
    const next = new Label('next')
    find.define(
      calls.set(i32.add(calls, i32.const(1))),
      loop(
        next,
        mask.set(v128.bitmask8(v128.eq8(v128.load(p), v128.splat8(34)))),
        ifThen(i32.eqz(mask), p.set(i32.add(p, i32.const(16))), branch(next)),
      ),
      ifElse(
        i32.gtS(calls, i32.const(1)),
        report.call(i32.const(-129), i64.const(-(2n ** 63n))),
        report.call(i32.const(300), i64.const(2n ** 63n - 1n)),
      ),
      i32.add(p, i32.ctz(mask)),
    )
    module.export(find)
    const reports: unknown[] = []
    const { find: run } = module.instantiate(memory, {
      report: (small: number, large: bigint) => reports.push([small, large]),
    }) as { find: (p: number) => number }
    for (const at of [0, 15, 16, 31, 32, 99]) {
      memory.bytes(text).fill(97)[at] = 34
      expect(run(text.address)).toBe(text.address + at)
    }
    expect(reports.slice(0, 2)).toEqual([
      [300, 2n ** 63n - 1n],
      [-129, -(2n ** 63n)],
    ])
  })

  it('leaves functions early, computes doubles and drops what is not wanted', () => {
    const memory = linearMemory()
    const cell = memory.allocate(8)
    const module = new WasmModule()
    const mean = module.function('mean', 'f64')
    const [total, count] = [mean.parameter('i64'), mean.parameter('i64')]
    const store = sequence(drop(i32.const(7)), i64.store(i32.const(cell.address), count))
    mean.define(
      store,
      ifThen(i64.eqz(count), returnValue(f64.neg(f64.convertS(total)))),
      f64.div(f64.convertS(total), f64.convertS(count)),
    )
    module.export(mean)
    const { mean: run } = module.instantiate(memory) as { mean: (total: bigint, count: bigint) => number }
    expect([run(7n, 2n), run(7n, 0n)]).toEqual([3.5, -7])
    expect(memory.view(BigInt64Array, cell.address, 1)[0]).toBe(0n)
  })

  it('selects vectors and refuses branches to where they are not', () => {
    const module = new WasmModule()
    const pick = module.function('pick', 'i32')
    const which = pick.parameter('i32')
    pick.define(v128.bitmask8(select(which, v128.splat8(255), v128.splat8(0))))
    module.export(pick)
    const { pick: run } = module.instantiate(linearMemory()) as { pick: (which: number) => number }
    expect([run(0), run(1)]).toEqual([0, 65_535])
    const lost = new WasmModule()
    lost.function('lost', 'void').define(branch(new Label('nowhere')))
    expect(() => lost.bytes(linearMemory())).toThrow('nowhere')
  })

  it('keeps views when the memory grows, and gives blocks again', () => {
    const memory = linearMemory()
    const first = memory.allocate(1000)
    const view = memory.bytes(first)
    view[7] = 42
    const large = memory.allocate(64 * 1024 * 1024)
    expect(memory.bytes(first)[7]).toBe(42)
    view[8] = 43
    expect(memory.bytes(first)[8]).toBe(43)
    expect(memory.holds(view)).toBe(true)
    expect(memory.holds(memory.bytes(large))).toBe(true)
    expect(memory.holds(new Uint8Array(8))).toBe(false)
    memory.free(large)
    expect(memory.allocate(64 * 1024 * 1024 - 5).address).toBe(large.address)
  })
})
