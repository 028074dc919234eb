import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MillraceError } from '../core/errors.ts'
import { readMetadata, writeMetadata } from './checkpoint-directory.ts'
import { openSavepoint } from './open-savepoint.ts'
import { PageFileOutput, type WrittenPageFile } from './page-file-output.ts'
import { isPageFile } from './page-files.ts'
import { RocksStore } from './rocks-store.ts'
import { writeSavepoint } from './savepoint.ts'
import { type Manifest, type PageWrite, type RestoredState, STATE_FORMAT_VERSION } from './state-store.ts'
import { PAGE_ROWS, type TablePage } from './table/page.ts'
import { isInFile, readPage } from './table/page-bytes.ts'
import { withPageOutput } from './table/page-output.ts'
import { RowTable } from './table/row-table.ts'
import { createStoredColumn, type FixedStore } from './table/stored-column.ts'

let root = ''
let directory = ''
const notes: string[] = []
const stores: RocksStore[] = []

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'millrace-store-'))
  directory = join(root, 'job')
  notes.length = 0
})

afterEach(async () => {
  await closeAll()
  rmSync(root, { recursive: true, force: true })
})

async function closeAll(): Promise<void> {
  await Promise.all(stores.splice(0).map((store) => store.close()))
}

async function open(at = directory): Promise<{ store: RocksStore; restored: RestoredState | undefined }> {
  const store = new RocksStore({ directory: at, retained: 2, log: (text) => notes.push(text) })
  stores.push(store)
  return { store, restored: await store.restore() }
}

function manifest(checkpoint: number): Manifest {
  return {
    version: STATE_FORMAT_VERSION,
    jobName: 'job',
    checkpoint,
    timestamp: 1_700_000_000_000 + checkpoint,
    fingerprint: 'f',
    operators: { a: 'group-aggregate' },
    positions: { source: { offset: checkpoint } },
    handles: {},
    finished: false,
  }
}

function page(number: number, text: string | null, uid = 'a'): PageWrite {
  return { uid, table: 'groups', page: number, bytes: text === null ? null : new TextEncoder().encode(text) }
}

async function texts(state: RestoredState | undefined, uid = 'a'): Promise<string[]> {
  const pages = (await state?.pages(uid)) ?? []
  return pages
    .map(
      ({ table, page: number, bytes }) =>
        `${table} ${number} ${new TextDecoder().decode(bytes === null ? undefined : readPage(bytes))}`,
    )
    .sort()
}

/** Three checkpoints; the newest has pages 0 'third', 2 'long …' and none of page 1. */
async function writeThree(): Promise<void> {
  const { store } = await open()
  await store.write([page(0, 'first'), page(1, 'gone soon'), page(0, 'other', 'b')], manifest(1))
  await store.write([page(0, 'second')], manifest(2))
  await store.write([page(0, 'third'), page(1, null), page(2, 'long '.repeat(2000))], manifest(3))
  await closeAll()
}

describe('checkpoints', () => {
  it('give back the pages and the manifest of the newest, by operator', async () => {
    await writeThree()
    const { restored } = await open()
    expect(restored?.manifest).toEqual(manifest(3))
    expect(await texts(restored)).toEqual(['groups 0 third', `groups 2 ${'long '.repeat(2000)}`])
    expect(await texts(restored, 'b')).toEqual(['groups 0 other'])
    expect(notes).toEqual([])
  })

  it('are kept as many as wanted, and at least two', async () => {
    await writeThree()
    expect(readdirSync(directory).filter((name) => name.startsWith('chk-'))).toEqual(['chk-2', 'chk-3'])
  })

  it('cost what has changed: files that are the same are linked', async () => {
    const { store } = await open()
    const first = await store.write([page(0, 'x'.repeat(100_000))], manifest(1))
    const second = await store.write([page(1, 'y')], manifest(2))
    expect(first.bytes).toBe(100_000)
    expect(second.bytes).toBe(1)
  })

  it('go on from what was restored', async () => {
    await writeThree()
    const { store } = await open()
    await store.write([page(5, 'fifth')], manifest(4))
    await closeAll()
    const { restored } = await open()
    expect(restored?.manifest.checkpoint).toBe(4)
    expect((await texts(restored)).length).toBe(3)
  })

  it('of a process that died while it wrote one are not looked at', async () => {
    await writeThree()
    mkdirSync(join(directory, 'chk-4.tmp'))
    writeFileSync(join(directory, 'chk-4.tmp', '000012.sst'), 'half')
    writeFileSync(join(directory, 'db', 'CURRENT'), 'nonsense')
    const { store, restored } = await open()
    expect(restored?.manifest.checkpoint).toBe(3)
    await store.write([], manifest(4))
    expect(existsSync(join(directory, 'chk-4.tmp'))).toBe(false)
    expect(notes).toEqual([])
  })

  it('are forgotten by clear', async () => {
    await writeThree()
    const { store } = await open()
    await store.clear()
    await closeAll()
    expect((await open()).restored).toBeUndefined()
  })

  it('leave the disk beside what goes on, and those that a killed process left at the next start', async () => {
    await writeThree()
    const aside = (): string[] => readdirSync(directory).filter((name) => name.startsWith('.removed-'))
    const { store } = await open()
    await store.clear()
    await store.removed
    expect(aside()).toEqual([])
    await closeAll()
    mkdirSync(join(directory, '.removed-abc', 'chk-7'), { recursive: true })
    await (await open()).store.removed
    expect(readdirSync(directory).sort()).toEqual(['db', 'lock', 'page-files'])
  })
})

describe('large pages', () => {
  const large = (number: number, text: string): PageWrite => page(number, text.repeat(10_000))
  const pageFiles = (checkpoint: number): string[] =>
    readdirSync(join(directory, `chk-${checkpoint}`)).filter((name) => name.endsWith('.pages'))
  const first = (text: string): string => text.replace(/^(\S+ \d+ .).*$/, '$1')

  it('are in files that checkpoints share', async () => {
    const { store } = await open()
    await store.write([large(0, 'a'), page(1, 'small')], manifest(1))
    await store.write([large(2, 'c')], manifest(2))
    expect(pageFiles(1)).toEqual(['000001.pages'])
    expect(pageFiles(2)).toEqual(['000001.pages', '000002.pages'])
    const [one, two] = [1, 2].map((checkpoint) => statSync(join(directory, `chk-${checkpoint}`, '000001.pages')).ino)
    expect(one).toBe(two)
  })

  it('that are still needed leave a file of mostly old ones', async () => {
    const { store } = await open()
    const numbers = Array.from({ length: 10 }, (_, number) => number)
    await store.write(
      numbers.map((number) => large(number, 'a')),
      manifest(1),
    )
    await store.write(
      numbers.slice(0, 4).map((number) => large(number, 'b')),
      manifest(2),
    )
    await store.write([large(4, 'c'), page(5, null), page(6, 'd')], manifest(3))
    expect(pageFiles(2)).toEqual(['000001.pages', '000002.pages'])
    expect(pageFiles(3)).toEqual(['000002.pages', '000003.pages'])
    const wanted = ['b', 'b', 'b', 'b', 'c', undefined, 'd', 'a', 'a', 'a']
    const texts3 = wanted.flatMap((text, number) => (text === undefined ? [] : [`groups ${number} ${text}`]))
    expect((await texts(await openSavepoint(join(directory, 'chk-3')))).map(first)).toEqual(texts3)
    expect((await texts(await openSavepoint(join(directory, 'chk-2')))).map(first)).toEqual(
      numbers.map((number) => `groups ${number} ${number < 4 ? 'b' : 'a'}`),
    )
    await closeAll()
    const { store: again, restored } = await open()
    expect((await texts(restored)).map(first)).toEqual(texts3)
    await again.write([page(0, 'small now')], manifest(4))
    const all: PageWrite[] = []
    for await (const entry of again.allPages()) all.push(entry)
    expect(all.map(({ page: number }) => number).sort()).toEqual([0, 1, 2, 3, 4, 6, 7, 8, 9])
    await again.write([], manifest(5))
    await closeAll()
    const last = (await open()).restored
    expect((await texts(last)).map(first)).toEqual(['groups 0 s', ...texts3.slice(1)])
  })

  it('of many small files are put together', async () => {
    const { store } = await open()
    const names: string[] = []
    for (let number = 0; number < 80; number++) {
      await store.write([large(number, String.fromCharCode(97 + (number % 26)))], manifest(number + 1))
      names.push(`groups ${number} ${String.fromCharCode(97 + (number % 26))}`)
      expect(pageFiles(number + 1).length).toBeLessThanOrEqual(33)
    }
    await closeAll()
    const { restored } = await open()
    expect((await texts(restored)).map(first)).toEqual(names.sort())
    expect(readdirSync(join(directory, 'page-files')).sort()).toEqual(pageFiles(80).sort())
  })
})

describe('pages that are written while they are encoded', () => {
  /** Two tables' pages, the way that two threads write them. */
  function encodeTwo(store: RocksStore): { readonly pages: PageWrite[]; readonly files: WrittenPageFile[] } {
    const files: WrittenPageFile[] = []
    const pages = store.pageFiles(2).flatMap((target, worker) => {
      const output = new PageFileOutput(target)
      const encoded = withPageOutput(output, () => encodeRows(5 * PAGE_ROWS - 100))
      const file = output.end()
      if (file !== undefined) files.push(file)
      return encoded.map((entry): PageWrite => ({ uid: `worker${worker}`, table: 'rows', ...entry }))
    })
    return { pages, files }
  }

  function encodeRows(rows: number): readonly TablePage[] {
    const values = createStoredColumn('f64') as FixedStore
    const table = new RowTable([values], 0)
    for (let row = 0; row < rows; row++) values.values[table.allocate()] = Math.sqrt(row)
    for (let row = 0; row < rows; row++) table.mark(row)
    return table.snapshotPages()
  }

  it('are the same as those that are handed over', async () => {
    const { store } = await open()
    const { pages, files } = encodeTwo(store)
    expect(files.map(({ file }) => file)).toEqual([1, 2])
    expect(pages.filter(({ bytes }) => isInFile(bytes)).length).toBe(10)
    const { bytes } = await store.write(pages, manifest(1), files)
    expect(bytes).toBe(sum(encodeRows(5 * PAGE_ROWS - 100)) * 2)
    await closeAll()
    const { restored } = await open()
    for (const uid of ['worker0', 'worker1']) {
      const read = (await restored?.pages(uid)) ?? []
      const sorted = read.map(({ page: number, bytes: own }) => ({ page: number, bytes: own && readPage(own) }))
      expect(sorted.sort((a, b) => a.page - b.page)).toEqual(encodeRows(5 * PAGE_ROWS - 100))
    }
  })

  it('share files with other checkpoints, and leave them when they are old', async () => {
    const { store } = await open()
    const names = (number: number): string[] => readdirSync(join(directory, `chk-${number}`)).filter(isPageFile)
    const first = encodeTwo(store)
    await store.write(first.pages, manifest(1), first.files)
    await store.write([], manifest(2))
    expect(names(2)).toEqual(['000001.pages', '000002.pages'])
    const second = encodeTwo(store)
    await store.write(second.pages, manifest(3), second.files)
    expect(names(3)).toEqual(['000003.pages', '000004.pages'])
    expect(readdirSync(join(directory, 'page-files')).sort()).toEqual(names(3))
  })

  it('are read back from a damaged file as little as others', async () => {
    const { store } = await open()
    for (const checkpoint of [1, 2]) {
      const { pages, files } = encodeTwo(store)
      await store.write(pages, manifest(checkpoint), files)
    }
    await closeAll()
    const file = join(directory, 'chk-2', '000004.pages')
    const bytes = readFileSync(file)
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1
    rmSync(file)
    writeFileSync(file, bytes)
    const { restored } = await open()
    expect(restored?.manifest.checkpoint).toBe(1)
  })

  it('are gone with a file that could not be written', async () => {
    const { store } = await open()
    const [target] = store.pageFiles(1)
    if (target === undefined) throw new Error('a store on disk has files')
    writeFileSync(join(target.directory, '000001.pages'), 'in the way')
    const output = new PageFileOutput(target)
    expect(() => {
      withPageOutput(output, () => encodeRows(5 * PAGE_ROWS - 100))
      output.end()
    }).toThrow(MillraceError)
    output.discard()
    expect(readdirSync(target.directory)).toEqual([])
  })
})

function sum(pages: readonly TablePage[]): number {
  return pages.reduce((total, { bytes }) => total + (bytes?.length ?? 0), 0)
}

describe('damage', () => {
  /** Every file of the newest checkpoint, cut off or with one byte changed at some places. */
  function damages(): { readonly name: string; readonly apply: (checkpoint: string) => void }[] {
    const files = readdirSync(join(directory, 'chk-3'))
    return files.flatMap((file) => {
      const bytes = readFileSync(join(directory, 'chk-3', file))
      const places = new Set([0, 1, bytes.length >> 1, bytes.length - 2, bytes.length - 1].filter((at) => at >= 0))
      for (let at = 7; at < bytes.length; at += Math.max(1, bytes.length >> 1)) places.add(at)
      const flips = [...places].map((at) => ({
        name: `${file} changed at ${at}`,
        apply: (checkpoint: string) => {
          const copy = Buffer.from(bytes)
          copy[at] = (copy[at] as number) ^ 0x10
          rmSync(join(checkpoint, file))
          writeFileSync(join(checkpoint, file), copy)
        },
      }))
      const cuts = [0, bytes.length >> 1, bytes.length - 1].map((length) => ({
        name: `${file} cut to ${length}`,
        apply: (checkpoint: string) => {
          rmSync(join(checkpoint, file))
          writeFileSync(join(checkpoint, file), bytes)
          truncateSync(join(checkpoint, file), length)
        },
      }))
      const missing = {
        name: `${file} missing`,
        apply: (checkpoint: string) => {
          rmSync(join(checkpoint, file))
        },
      }
      return [...flips, ...cuts, missing]
    })
  }

  it('of any file is found, said by name, and the checkpoint before is used', async () => {
    await writeThree()
    const all = damages()
    expect(all.length).toBeGreaterThan(30)
    for (const { name, apply } of all) {
      const copy = join(root, 'copy')
      cpSync(directory, copy, { recursive: true })
      apply(join(copy, 'chk-3'))
      notes.length = 0
      const { restored } = await open(copy)
      expect(restored?.manifest.checkpoint, name).toBe(2)
      expect(await texts(restored), name).toEqual(['groups 0 second', 'groups 1 gone soon'])
      expect(notes.join('\n'), name).toContain(`checkpoint "${join(copy, 'chk-3')}" is damaged`)
      expect(notes.join('\n'), name).toContain('going on from checkpoint 2 instead')
      await closeAll()
      rmSync(copy, { recursive: true })
    }
  })

  it('of all checkpoints is an error and not a fresh start', async () => {
    await writeThree()
    for (const checkpoint of ['chk-2', 'chk-3']) writeFileSync(join(directory, checkpoint, '_metadata'), 'x')
    const store = new RocksStore({ directory, retained: 2, log: () => undefined })
    stores.push(store)
    await expect(store.restore()).rejects.toMatchObject({ code: 'INVALID_CHECKPOINT' })
  })

  it('another format version is refused by name', async () => {
    await writeThree()
    const path = join(directory, 'chk-3')
    const metadata = readMetadata(path)
    await writeMetadata(path, { ...metadata, manifest: { ...metadata.manifest, version: 99 } })
    const { restored } = await open()
    expect(restored?.manifest.checkpoint).toBe(2)
    expect(notes.join('\n')).toContain('has format version 99')
  })
})

describe('savepoints', () => {
  const PAGES = [page(0, 'one'), page(7, 'two', 'b'), page(1, null)]

  it('are read back whole', async () => {
    const path = join(root, 'savepoint')
    await writeSavepoint(path, manifest(9), PAGES)
    const restored = await openSavepoint(path)
    expect(restored.manifest).toEqual(manifest(9))
    expect(await texts(restored)).toEqual(['groups 0 one'])
    expect(await texts(restored, 'b')).toEqual(['groups 7 two'])
  })

  it('may be a checkpoint directory', async () => {
    await writeThree()
    const restored = await openSavepoint(join(directory, 'chk-2'))
    expect(await texts(restored)).toEqual(['groups 0 second', 'groups 1 gone soon'])
  })

  it('may not be the last checkpoint of a job that has ended: no state is written then', async () => {
    const { store } = await open()
    await store.write([page(0, 'first')], manifest(1))
    await store.write([], { ...manifest(2), finished: true })
    await expect(openSavepoint(join(directory, 'chk-2'))).rejects.toMatchObject({
      code: 'INVALID_CHECKPOINT',
      message: expect.stringContaining('has ended') as string,
    })
    expect(await texts(await openSavepoint(join(directory, 'chk-1')))).toEqual(['groups 0 first'])
  })

  it('that are damaged, missing or none at all are refused', async () => {
    const path = join(root, 'savepoint')
    await writeSavepoint(path, manifest(9), PAGES)
    const bytes = readFileSync(join(path, 'pages'))
    for (let at = 0; at < bytes.length; at += 3) {
      const copy = Buffer.from(bytes)
      copy[at] = (copy[at] as number) ^ 1
      writeFileSync(join(path, 'pages'), copy)
      await expect(openSavepoint(path), `byte ${at}`).rejects.toThrow(MillraceError)
    }
    await expect(openSavepoint(join(root, 'nowhere'))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    await expect(openSavepoint(root)).rejects.toMatchObject({ code: 'INVALID_CHECKPOINT' })
  })
})
