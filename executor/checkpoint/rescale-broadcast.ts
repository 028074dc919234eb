/**
 * The state of a window join without keys, before or after which all rows of one side are in every subtask: these rows
 * are taken once, window by window, and the rows of the other side, which were in one subtask each, are divided.
 *
 * Subtasks may have got to different watermarks, so that one of them has forgotten a window that another one still has.
 * One that has rows of a window on the broadcast side has all of them: nothing moves while a checkpoint is prepared.
 */
import type { TablePage } from '../../state/table/page.ts'
import { Redistribution, type Moves, type Route } from '../../state/table/redistribution.ts'
import { FixedStore, type StoredColumn } from '../../state/table/stored-column.ts'
import type { StatePage } from '../operators/operator.ts'
import type { WindowEnd } from '../operators/window-join.ts'
import { mergedNumber, pagesOfTable, type Placement, routeByKey } from './placement.ts'
import type { WaitingBroadcast } from './waiting-broadcast.ts'

export interface BroadcastPlacement extends Placement {
  /** The input that is, or was, in every subtask. */
  readonly input: number
  /** Whether every new part gets its rows, and any part a row of the other input; otherwise windows are divided. */
  readonly isCopied: boolean
  /** Of the windows of its rows. */
  readonly end: WindowEnd
}

type Parts = readonly (readonly StatePage[])[]

/** Columns of the stored tables: of the windows, of the rows of either side. */
const END = 0
const WINDOW = 0

const NO_END = -(2n ** 63n)

export interface BroadcastState extends WaitingBroadcast {
  /** By new part: its pages. */
  readonly parts: Parts
}

/** @param parts pages that are all there is of each old part of the operator */
export function divideBroadcast(parts: Parts, placement: BroadcastPlacement): BroadcastState {
  const { targets, input, isCopied, end } = placement
  const [copied, kept] = input === 0 ? ['left', 'right'] : ['right', 'left']
  // What all parts are to have is written once, as of a single one.
  const places = isCopied ? 1 : targets
  const route = isCopied ? toFirst : routeByKey([END], placement)
  const { windows, moves, ends } = placeWindows(pagesOfTable(parts, 'keys'), places, route)
  const taken = new Map<number, number>()
  const copiedRows = new Redistribution(pagesOfTable(parts, copied), places, onceByWindow(moves, ends, taken))
  const keptRows = new Redistribution(
    pagesOfTable(parts, kept),
    targets,
    isCopied ? inTurn(targets) : withWindow(moves),
  )
  const watermarks = mergedNumber(pagesOfTable(parts, 'watermark'), 'lowest', targets)
  const reference = { column: WINDOW, moves, plus: 0 } as const
  const pagesOf = (target: number): readonly StatePage[] => {
    const place = isCopied ? 0 : target
    const tables = [
      ['keys', windows.pagesOf(place, [])],
      [copied, copiedRows.pagesOf(place, [reference])],
      [kept, keptRows.pagesOf(target, [reference])],
      ['watermark', watermarks[target] ?? []],
    ] as const
    return tables.flatMap(([table, pages]) => pages.map((page) => ({ table, ...page })))
  }
  const divided = Array.from({ length: targets }, (_, target) => pagesOf(target))
  return { parts: divided, input, isCopied, end, windows: new Set(taken.keys()) }
}

interface PlacedWindows {
  readonly windows: Redistribution
  /** By old part; also of the windows that are written for another one. */
  readonly moves: readonly Moves[]
  /** By old part and row. */
  readonly ends: readonly BigInt64Array[]
}

/** Every window once, though several parts have it. */
function placeWindows(pages: readonly (readonly TablePage[])[], places: number, route: Route): PlacedWindows {
  const ends: BigInt64Array[] = pages.map(() => new BigInt64Array(0))
  const first = new Map<bigint, { readonly part: number; readonly row: number }>()
  const windows = new Redistribution(pages, places, (columns, rows, part) => {
    const own = endsOf(columns)
    ends[part] = own
    const goesTo = route(columns, rows, part)
    for (const [i, row] of rows.entries()) {
      const end = own[row] as bigint
      if (first.has(end)) goesTo[i] = -1
      else first.set(end, { part, row })
    }
    return goesTo
  })
  const moves = windows.moves.map((own, part): Moves => {
    const [subtasks, rows] = [own.subtasks.slice(), own.rows.slice()]
    for (let row = 0; row < rows.length; row++) {
      const of = subtasks[row] === -1 ? first.get(ends[part]?.[row] ?? NO_END) : undefined
      if (of === undefined) continue
      subtasks[row] = windows.moves[of.part]?.subtasks[of.row] ?? -1
      rows[row] = windows.moves[of.part]?.rows[of.row] ?? 0
    }
    return { subtasks, rows }
  })
  return { windows, moves, ends }
}

function toFirst(_: readonly StoredColumn[], rows: Int32Array): Int32Array {
  return new Int32Array(rows.length)
}

/** So that all subtasks get as many. */
function inTurn(targets: number): Route {
  return (_, rows) => rows.map((row) => row % targets)
}

function withWindow(moves: readonly Moves[]): Route {
  return (columns, rows, part) => {
    const windows = windowsOf(columns)
    return rows.map((row) => moves[part]?.subtasks[windows[row] as number] ?? -1)
  }
}

/**
 * Rows of a window are taken of the first part that has some.
 *
 * @param taken receives by end of the window the part
 */
function onceByWindow(moves: readonly Moves[], ends: readonly BigInt64Array[], taken: Map<number, number>): Route {
  const toWindow = withWindow(moves)
  return (columns, rows, part) => {
    const goesTo = toWindow(columns, rows, part)
    const windows = windowsOf(columns)
    for (const [i, row] of rows.entries()) {
      const end = Number(ends[part]?.[windows[row] as number] ?? NO_END)
      const from = taken.get(end)
      if (from === undefined) taken.set(end, part)
      else if (from !== part) goesTo[i] = -1
    }
    return goesTo
  }
}

function endsOf(columns: readonly StoredColumn[]): BigInt64Array {
  const column = columns[END]
  return column instanceof FixedStore && column.values instanceof BigInt64Array ? column.values : new BigInt64Array(0)
}

function windowsOf(columns: readonly StoredColumn[]): Int32Array {
  const column = columns[WINDOW]
  return column instanceof FixedStore && column.values instanceof Int32Array ? column.values : new Int32Array(0)
}
