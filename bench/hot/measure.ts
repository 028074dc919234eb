/** Rows per CPU second of a workload, and what its first pass gives. */
import type { Column } from '../../core/column.ts'
import { isRetraction } from '../../core/change-batch.ts'
import type { Emitted, Workload } from './case.ts'

const SAMPLES = 7
const SAMPLE_CPU_SECONDS = 0.25
const WARM_UP_CPU_SECONDS = 0.6

export interface Measured {
  readonly rowsPerCpuSecond: number
  readonly slowest: number
  readonly fastest: number
  readonly passes: number
  /** Rows, and the sum of everything in them, of the first pass: the same whatever the order of the rows. */
  readonly result: string
  readonly figures: Readonly<Record<string, number>>
}

/** Of all threads of the process. */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** @param passes to measure one by one; undefined: samples of a quarter of a CPU second, the median of seven */
export async function measure(workload: Workload, passes: number | undefined, scale: number): Promise<Measured> {
  const result = await firstPass(workload)
  let rows = 0
  const count = (emitted: Emitted): void => {
    rows += emitted.rows
  }
  let total = 0
  const pass = async (): Promise<number> => {
    await workload.prepare?.()
    const before = cpuSeconds()
    const done = workload.run(count)
    if (done !== undefined) await done
    total++
    return cpuSeconds() - before
  }
  const sample = async (seconds: number): Promise<number> => {
    let spent = 0
    let done = 0
    while (spent < seconds) {
      spent += await pass()
      done++
    }
    return (done * workload.rows) / spent
  }
  const rates: number[] = []
  if (passes === undefined) {
    await sample(WARM_UP_CPU_SECONDS * scale)
    total = 0
    for (let i = 0; i < SAMPLES; i++) rates.push(await sample(SAMPLE_CPU_SECONDS * scale))
  } else {
    for (let i = 0; i < passes; i++) rates.push(workload.rows / (await pass()))
  }
  rates.sort((a, b) => a - b)
  const figures = (await workload.figures?.()) ?? {}
  await workload.close?.()
  return {
    rowsPerCpuSecond: rates[rates.length >> 1] ?? 0,
    slowest: rates[0] ?? 0,
    fastest: rates.at(-1) ?? 0,
    passes: total,
    result,
    figures,
  }
}

async function firstPass(workload: Workload): Promise<string> {
  let rows = 0
  let sum = 0n
  await workload.prepare?.()
  await workload.run((emitted) => {
    rows += emitted.rows
    sum = BigInt.asUintN(64, sum + contents(emitted))
  })
  return `${rows} rows, sum ${sum.toString(16)}`
}

/** Sum over rows and columns, rows that are taken back counted against it. */
function contents({ columns, rows, kinds }: Emitted): bigint {
  let sum = 0n
  for (let row = 0; row < rows; row++) {
    const sign = kinds !== null && isRetraction(kinds[row] ?? 0) ? -1n : 1n
    columns.forEach((column, index) => {
      sum += sign * BigInt(index + 1) * valueOf(column, row)
    })
  }
  return BigInt.asUintN(64, sum)
}

function valueOf(column: Column, row: number): bigint {
  if (column.nulls?.[row] === 1) return 7n
  switch (column.kind) {
    case 'i64':
      return column.values[row] ?? 0n
    case 'i128':
      return (column.values[2 * row] ?? 0n) + 31n * (column.values[2 * row + 1] ?? 0n)
    case 'i32':
      return BigInt(column.values[row] ?? 0)
    case 'bytes': {
      const start = column.starts[row] ?? 0
      let hash = 0
      for (let i = 0; i < (column.lengths[row] ?? 0); i++)
        hash = (Math.imul(hash, 31) + (column.data[start + i] ?? 0)) | 0
      return BigInt(hash)
    }
    case 'row':
      return column.fields.reduce((sum, field, index) => sum + BigInt(index + 1) * valueOf(field, row), 0n)
    default:
      throw new Error(`columns of kind ${column.kind} are not compared`)
  }
}
