/**
 * A thread of its own that keeps what the mappings have in memory within the budget: it looks once a millisecond while
 * there is much, and drops pages (`dropping.ts` says which). Rows that are in use come back with their next touch.
 */
import { openSync, readFileSync, readSync } from 'node:fs'
import { workerData } from 'node:worker_threads'
import { Dropping } from './dropping.ts'
import { loadLibc } from './libc.ts'
import { MappingTable } from './mapping-table.ts'
import { FILE_NAME } from './memory-file.ts'

/** From how little on it looks often, as a share of the budget. */
const NEAR = 0.5
const OFTEN_MILLISECONDS = 1
const SELDOM_MILLISECONDS = 10
/** What is left free below the budget: as much as may come in until it looks again. */
const MARGIN = 0.08
const SMALLEST_MARGIN = 4 << 20
/** How much of what is there may be what is passed over; the rest is what the rows of a batch need. */
const KEPT = 0.75
const BATCH_BYTES = 24 << 20
const PIECE = 1 << 20
/** Pieces between two looks while pages are dropped. */
const PIECES = 4
/** Rounds without enough to drop. */
const ROUNDS = 3
/** How long a count of the other files' pages is good for at the least. */
const COUNT_MILLISECONDS = 1000

const libc = loadLibc()
const table = new MappingTable(workerData as SharedArrayBuffer)
const statm = openSync('/proc/self/statm', 'r')
const text = Buffer.alloc(128)
const pagemap = openSync('/proc/self/pagemap', 'r')
const entries = new Uint32Array(2 * (PIECE / libc.pageSize))
const dropping = new Dropping(table, { pageSize: libc.pageSize, present, drop: libc.drop }, PIECE)

/** Pages of other files: programs and libraries, which the system counts as well. */
let others = countOthers()
let counted = performance.now()

function countOthers(): number {
  let sum = 0
  let isOther = false
  for (const line of readFileSync('/proc/self/smaps', 'utf8').split('\n')) {
    const area = /^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ (\d+)/.exec(line)
    if (area !== null) isOther = area[1] !== '0' && !line.includes(FILE_NAME)
    else if (isOther && line.startsWith('Rss:')) sum += 1024 * Number.parseInt(line.slice(4), 10)
    else if (isOther && line.startsWith('Anonymous:')) sum -= 1024 * Number.parseInt(line.slice(10), 10)
  }
  return sum
}

/** Bytes of state in memory. */
function resident(): number {
  const length = readSync(statm, text, 0, text.length, 0)
  const pages = Number(text.toString('latin1', 0, length).split(' ')[2])
  return pages * libc.pageSize - others
}

/** The highest bit of a page's entry says that it is in memory. */
function present(address: number, length: number): number {
  const pages = Math.ceil(length / libc.pageSize)
  const read = readSync(pagemap, entries, 0, 8 * pages, (8 * address) / libc.pageSize)
  let count = 0
  for (let at = 1; at < read >> 2; at += 2) count += (entries[at] as number) >>> 31
  return count
}

function keepWithin(budget: number): number {
  const margin = Math.max(MARGIN * budget, SMALLEST_MARGIN)
  const low = budget - 2 * margin
  let there = resident()
  if (there <= budget - margin) return there
  dropping.keep(Math.max(0, Math.min(KEPT * low, low - BATCH_BYTES)))
  const end = dropping.rounds + ROUNDS
  while (there > low && dropping.rounds < end) {
    const { rounds } = dropping
    table.addDropped(dropping.drop(PIECES))
    if (dropping.rounds > rounds) dropping.keepNothing()
    there = resident()
  }
  if (there > low && performance.now() - counted > COUNT_MILLISECONDS) {
    others = countOthers()
    counted = performance.now()
  }
  return there
}

while (!table.isEnding) {
  const { budget } = table
  const there = keepWithin(budget)
  table.sleep(there > NEAR * budget ? OFTEN_MILLISECONDS : SELDOM_MILLISECONDS)
}
