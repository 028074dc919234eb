/**
 * How a checkpoint names the rows that wait in an operator that runs in partitions (`runtime/partitions/`): runs, a page
 * each, and one page that says in which order they are and how far they have been handed out.
 */
import { MillraceError } from '../../core/errors.ts'
import { type Schema, typeToString } from '../../core/types.ts'
import { type PageBytes, readPage } from '../../state/table/page-bytes.ts'
import type { StatePage } from '../operators/operator.ts'

const PREFIX = '\u0004'
const RUNS_TABLE = `${PREFIX}runs`
const ORDER_TABLE = `${PREFIX}order`
const VERSION = 1

export interface WaitingOrder {
  readonly partitions: number
  /** The runs that are being handed out, in their order, by number. */
  readonly leaving: readonly number[]
  /** The partition that gets its rows of those next. */
  readonly next: number
  /** Runs that follow. */
  readonly gathered: readonly number[]
}

export function isOfWaiting({ table }: StatePage): boolean {
  return table.startsWith(PREFIX)
}

/** @param bytes null: the run has been handed out */
export function runPage(number: number, bytes: PageBytes | null): StatePage {
  return { table: RUNS_TABLE, page: number, bytes }
}

/** Of these numbers. @throws MillraceError INVALID_CHECKPOINT */
export function runsOf(
  pages: readonly StatePage[],
  numbers: readonly number[],
): readonly { readonly number: number; readonly bytes: PageBytes }[] {
  const stored = new Map(pages.flatMap(({ table, page, bytes }) => (table === RUNS_TABLE ? [[page, bytes]] : [])))
  return numbers.map((number) => {
    const bytes = stored.get(number)
    if (bytes === undefined || bytes === null)
      throw new MillraceError('INVALID_CHECKPOINT', `rows that wait (run ${number}) are missing`)
    return { number, bytes }
  })
}

/** @param schemas of the operator's inputs */
export function orderPage(order: WaitingOrder, schemas: readonly Schema[]): StatePage {
  const text = JSON.stringify({ version: VERSION, ...order, inputs: describe(schemas) })
  return { table: ORDER_TABLE, page: 0, bytes: new TextEncoder().encode(text) }
}

export const NO_ORDER_PAGE: StatePage = { table: ORDER_TABLE, page: 0, bytes: null }

/**
 * @returns undefined where no rows wait
 * @throws MillraceError INVALID_CHECKPOINT where the rows are of other inputs
 */
export function readOrder(pages: readonly StatePage[], schemas: readonly Schema[]): WaitingOrder | undefined {
  const page = pages.find(({ table, bytes }) => table === ORDER_TABLE && bytes !== null)
  if (page === undefined || page.bytes === null) return undefined
  const order = JSON.parse(new TextDecoder().decode(readPage(page.bytes))) as WaitingOrder & {
    readonly version: number
    readonly inputs: unknown
  }
  if (order.version === VERSION && JSON.stringify(order.inputs) === JSON.stringify(describe(schemas))) return order
  throw new MillraceError(
    'INVALID_CHECKPOINT',
    'the checkpoint has rows that wait, and they are of other inputs than the query has',
    { hint: 'Run the query under another name, or go on with the one that wrote the checkpoint.' },
  )
}

function describe(schemas: readonly Schema[]): readonly (readonly string[])[] {
  return schemas.map(({ fields }) => fields.map(({ type }) => typeToString(type)))
}
