/**
 * A thread of its own that keeps what the mappings have in memory within the budget: it looks once a millisecond while
 * there is much, and drops pages going round over all of them. Rows that are in use come back with their next touch.
 */
import { openSync, readFileSync, readSync } from 'node:fs'
import { workerData } from 'node:worker_threads'
import { loadLibc } from './libc.ts'
import { MappingTable } from './mapping-table.ts'
import { FILE_NAME } from './mapped-memory.ts'

/** Shares of the budget: from where on pages are dropped, down to where, and from where on it looks often. */
const HIGH = 0.85
const LOW = 0.65
const NEAR = 0.5
const OFTEN_MILLISECONDS = 1
const SELDOM_MILLISECONDS = 10
const SMALLEST_PIECE = 1 << 20
const LARGEST_PIECE = 8 << 20
/** Pieces between two looks while pages are dropped. */
const PIECES = 8
/** How long a count of the other files' pages is good for at the least. */
const COUNT_MILLISECONDS = 1000

const libc = loadLibc()
const table = new MappingTable(workerData as SharedArrayBuffer)
const statm = openSync('/proc/self/statm', 'r')
const text = Buffer.alloc(128)

/** Pages of other files: programs and libraries, which the system counts as well. */
let others = countOthers()
let counted = performance.now()
let [slot, offset] = [0, 0]

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

/** Drops the next pieces. @returns bytes of them */
function dropSome(piece: number): number {
  let dropped = 0
  for (let pieces = 0, empty = 0; pieces < PIECES && empty <= table.high; ) {
    const there = table.visit(slot, ({ address, bytes }) => {
      const length = Math.min(piece, bytes - offset)
      if (length > 0) {
        libc.drop(address + offset, length)
        dropped += length
        pieces++
      }
      offset += piece
      if (offset < bytes) return
      slot++
      offset = 0
    })
    if (!there) {
      slot = slot + 1 < table.high ? slot + 1 : 0
      offset = 0
      empty++
    }
  }
  return dropped
}

function keepWithin(budget: number): number {
  let there = resident()
  if (there <= HIGH * budget) return there
  const piece = Math.min(Math.max(SMALLEST_PIECE, 2 ** Math.floor(Math.log2(budget / 32))), LARGEST_PIECE)
  const round = table.bytes
  let dropped = 0
  while (there > LOW * budget && dropped < round) {
    const bytes = dropSome(piece)
    if (bytes === 0) break
    dropped += bytes
    there = resident()
  }
  table.addDropped(dropped)
  if (there > LOW * budget && performance.now() - counted > COUNT_MILLISECONDS) {
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
