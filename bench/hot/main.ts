/**
 * `npm run bench:hot -- [--only NAME] [--scale N] --json FILE`: each hot path through the engine's own operators and
 * codecs, and beside it a hand-written kernel that does the same for one schema only: the limit on this machine. Rows
 * per CPU second of the whole process, each side in a process of its own, one after the other. Where both sides give
 * the same rows, that is checked: exit code 1 where they differ, or where a checkpoint stops the stream for too long.
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { HotCase } from './case.ts'
import { CASES, LIMITS, SHOWN } from './cases.ts'
import type { Measured } from './measure.ts'

const { values } = parseArgs({
  options: { only: { type: 'string' }, scale: { type: 'string', default: '1' }, json: { type: 'string' } },
})
const { only } = values
const chosen = CASES.filter(({ name }) => only === undefined || only.split(',').some((part) => name.startsWith(part)))
if (chosen.length === 0) throw new Error(`no case "${only}": ${CASES.map(({ name }) => name).join(', ')}`)

interface Row {
  readonly name: string
  readonly unit: string
  readonly per_cpu_second: number
  readonly limit_per_cpu_second: number
  /** Of the limit: 1 is as fast as the kernel. */
  readonly share_of_limit: number
  readonly limit: string
  /** Of a straightforward program, and how many times as fast the engine is. */
  readonly plain_per_cpu_second?: number
  readonly times_plain?: number
  readonly spread: readonly [number, number]
  readonly limit_spread: readonly [number, number]
  readonly problem?: string
  readonly [figure: string]: string | number | readonly number[] | undefined
}

function side(name: string, which: 'engine' | 'kernel' | 'plain'): Measured {
  const script = join(import.meta.dirname, 'run-case.ts')
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', script, name, which, values.scale], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
  if (status !== 0) throw new Error(`${name}, ${which}: ${stderr}`)
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Measured
}

function problemOf({ name, same }: HotCase, engine: Measured, kernel: Measured): string | undefined {
  if (same && engine.result !== kernel.result) return `the engine gives ${engine.result}, the kernel ${kernel.result}`
  const over = LIMITS.find(({ figure, most }) => (engine.figures[figure] ?? 0) > most)
  return over === undefined ? undefined : `${name}: ${over.figure} ${engine.figures[over.figure]} is above ${over.most}`
}

function measure(item: HotCase): Row {
  const [engine, kernel] = [side(item.name, 'engine'), side(item.name, 'kernel')]
  const plain = item.plain === undefined ? undefined : side(item.name, 'plain').rowsPerCpuSecond
  const problem = problemOf(item, engine, kernel)
  return {
    name: item.name,
    unit: item.unit,
    per_cpu_second: Math.round(engine.rowsPerCpuSecond),
    limit_per_cpu_second: Math.round(kernel.rowsPerCpuSecond),
    share_of_limit: Math.round((1000 * engine.rowsPerCpuSecond) / kernel.rowsPerCpuSecond) / 1000,
    limit: item.limit,
    spread: [Math.round(engine.slowest), Math.round(engine.fastest)],
    limit_spread: [Math.round(kernel.slowest), Math.round(kernel.fastest)],
    ...(plain === undefined
      ? {}
      : {
          plain_per_cpu_second: Math.round(plain),
          times_plain: Math.round((10 * engine.rowsPerCpuSecond) / plain) / 10,
        }),
    ...engine.figures,
    ...(problem === undefined ? {} : { problem }),
  }
}

const millions = (value: number): string => `${(value / 1e6).toFixed(2)} M`.padStart(11)
process.stdout.write(`${'hot path'.padEnd(26)}${'a CPU s'.padStart(11)}${'limit'.padStart(11)}  share of the limit\n`)
const rows = chosen.map((item) => {
  const row = measure(item)
  const figures = SHOWN.flatMap((figure) => (row[figure] === undefined ? [] : `  ${figure} ${row[figure].toString()}`))
  process.stdout.write(
    `${row.name.padEnd(26)}${millions(row.per_cpu_second)}${millions(row.limit_per_cpu_second)}  ${row.share_of_limit.toFixed(2)}${figures.join('')}${row.problem === undefined ? '' : `  ${row.problem}`}\n`,
  )
  return row
})
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify({ scale: Number(values.scale), cases: rows }, null, 2)}\n`)
process.exitCode = rows.some(({ problem }) => problem !== undefined) ? 1 : 0
