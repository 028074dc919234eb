/**
 * How a checkpoint names the pages of an operator that runs in partitions (`runtime/partitions/`): those of each
 * partition are as those of a subtask, their tables with the partition and the number of partitions behind the name.
 */
import type { StatePage } from '../operators/operator.ts'
import { isOfWaiting } from './gathered-pages.ts'

const SEPARATOR = '\u0003'

/** @param partitions how many there are */
export function partitionTable(table: string, partition: number, partitions: number): string {
  return `${table}${SEPARATOR}${partition}/${partitions}`
}

/** Whether only an operator that can be divided can go on from them. */
export function isOfPartitions(pages: readonly StatePage[]): boolean {
  return pages.some((page) => page.table.includes(SEPARATOR) || isOfWaiting(page))
}

/**
 * By partition: its pages, their tables as the operator names them. An operator that was never divided has one partition;
 * what is left of one from before it was divided is left out.
 */
export function pagesOfPartitions<Page extends StatePage>(pages: readonly Page[]): readonly (readonly Page[])[] {
  const first = pages.find(({ table }) => table.includes(SEPARATOR))
  if (first === undefined) return [pages]
  const { partitions } = splitTable(first.table)
  const parts = Array.from({ length: partitions }, (): Page[] => [])
  for (const page of pages) {
    const { table, partition } = splitTable(page.table)
    parts[partition]?.push({ ...page, table })
  }
  return parts
}

function splitTable(name: string): { readonly table: string; readonly partition: number; readonly partitions: number } {
  const at = name.indexOf(SEPARATOR)
  const [partition, partitions] = name
    .slice(at + 1)
    .split('/')
    .map(Number)
  return { table: name.slice(0, at), partition: partition ?? 0, partitions: partitions ?? 1 }
}
