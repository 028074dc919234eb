import { closeSync, mkdtempSync, openSync, rmSync, statfsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { loadLibc } from './memory/libc.ts'
import { PageFileOutput } from './page-file-output.ts'
import { PageFiles, pageFileName } from './page-files.ts'
import { readPage } from './table/page-bytes.ts'

const PAGE_BYTES = 1 << 20

const TMPFS = 0x01021994
/** Files in memory have no other place. */
const hasPageCache = process.platform === 'linux' && statfsSync(tmpdir()).type !== TMPFS

interface Koffi {
  load(path: null): { func(signature: string): (...args: (number | Uint8Array)[]) => number }
}

let directory = ''

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-page-files-'))
})

afterEach(() => {
  rmSync(directory, { recursive: true, force: true })
})

/** How much of a file the system holds in memory, 0 to 1. */
function cachedShare(path: string): number {
  const koffi = createRequire(import.meta.url)('koffi') as Koffi
  const query = koffi.load(null).func('int mincore(uintptr_t address, size_t length, _Out_ uint8_t *pages)')
  const { map, unmap, pageSize } = loadLibc()
  const descriptor = openSync(path, 'r+')
  const address = map(PAGE_BYTES, descriptor, 0, false)
  closeSync(descriptor)
  if (address === undefined) throw new Error('there is no address space')
  const pages = new Uint8Array(PAGE_BYTES / pageSize)
  expect(query(address, PAGE_BYTES, pages)).toBe(0)
  unmap(address, PAGE_BYTES)
  return pages.reduce((sum, page) => sum + (page & 1), 0) / pages.length
}

async function writeFile(files: PageFiles, value: number): Promise<string> {
  const [target] = files.targets(1)
  if (target === undefined) throw new Error('one file was asked for')
  const output = new PageFileOutput(target)
  output.room(PAGE_BYTES)?.fill(value)
  const page = output.take()
  const written = output.end()
  if (written === undefined) throw new Error('a page was written')
  await files.adopt([written])
  files.add(`page ${value}`, { file: target.file, offset: page.offset, length: page.length })
  return page.path
}

test.runIf(hasPageCache)('only the newest files stay in the page cache, and all can be read', async () => {
  const files = new PageFiles(directory, 2 * PAGE_BYTES)
  files.openFrom(undefined, {})
  const paths: string[] = []
  for (let value = 1; value <= 4; value++) paths.push(await writeFile(files, value))
  expect(paths).toEqual([1, 2, 3, 4].map((number) => join(directory, pageFileName(number))))
  expect(paths.map(cachedShare)).toEqual([0, 0, 1, 1])
  for (const [index, path] of paths.entries()) {
    const bytes = readPage({ path, offset: 0, length: PAGE_BYTES })
    expect(bytes.every((byte) => byte === index + 1)).toBe(true)
  }
})

test.runIf(hasPageCache)('files that are given up leave what stays in the cache to others', async () => {
  const files = new PageFiles(directory, 2 * PAGE_BYTES)
  files.openFrom(undefined, {})
  const paths = [await writeFile(files, 1), await writeFile(files, 2)]
  files.forget('page 2')
  await files.write(new Map(), files.moving())
  paths.push(await writeFile(files, 3))
  expect([paths[0], paths[2]].map((path) => cachedShare(path ?? ''))).toEqual([1, 1])
})
