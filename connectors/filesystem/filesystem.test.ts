import { mkdtemp, readdir, readFile, rm, writeFile, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseBatch } from '../../core/batch-text.ts'
import { BIGINT, decimal, INT, STRING, timestampLtz } from '../../core/types.ts'
import {
  ManualClock,
  readAll,
  sinkContext,
  sourceContext,
  type TableRequest,
  writeCommitted,
} from '../test-support/contexts.ts'
import { createSink, createSource } from './index.ts'

let directory = ''

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-files-'))
})

afterEach(async () => {
  await rm(directory, { recursive: true, force: true })
})

function table(options: Record<string, string> = {}, rest: Partial<TableRequest> = {}): TableRequest {
  return {
    columns: { id: BIGINT, name: STRING },
    options: { connector: 'filesystem', path: directory, format: 'json', ...options },
    ...rest,
  }
}

function lines(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, i) => `{"id":${from + i},"name":"n${from + i}"}\n`).join('')
}

function expected(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, i) => `+I ${from + i} n${from + i}`)
}

async function read(request: TableRequest, columns?: readonly string[]): Promise<string[]> {
  const source = createSource(sourceContext(request, {}, columns))
  try {
    await source.open(undefined)
    return await readAll(source)
  } finally {
    await source.close()
  }
}

async function visibleFiles(): Promise<string[]> {
  const found = await readdir(directory, { recursive: true, withFileTypes: true })
  return found
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => entry.name)
    .sort()
}

describe('source', () => {
  it('reads all files below a directory but hidden ones', async () => {
    await mkdir(join(directory, 'deep/_skipped'), { recursive: true })
    await writeFile(join(directory, 'a.json'), lines(0, 2))
    await writeFile(join(directory, 'deep/b.json'), lines(2, 3).trimEnd())
    await writeFile(join(directory, '.hidden'), 'not json')
    await writeFile(join(directory, 'deep/_skipped/c.json'), 'not json')
    expect((await read(table())).sort()).toEqual(expected(0, 3))
    expect(await read(table({ path: join(directory, 'a.json') }))).toEqual(expected(0, 2))
    expect(await read(table({ 'source.path.regex-pattern': '.*/a\\.json' }))).toEqual(expected(0, 2))
    expect(await read(table({ path: `file://${directory}/a.json` }))).toEqual(expected(0, 2))
  })

  it('decompresses by extension', async () => {
    await writeFile(join(directory, 'a.gz'), gzipSync(lines(0, 5000)))
    await writeFile(join(directory, 'b.zst'), zstdCompressSync(lines(5000, 5003)))
    expect((await read(table())).length).toBe(5003)
    await writeFile(join(directory, 'c.bz2'), 'x')
    await expect(read(table())).rejects.toThrow('compressed with bzip2')
  })

  it('goes on behind the rows handed over, in any state', async () => {
    await writeFile(join(directory, 'a.json'), lines(0, 300))
    await writeFile(join(directory, 'b.json.gz'), gzipSync(lines(300, 555)))
    for (let polls = 0; polls < 12; polls++) {
      const first = createSource(sourceContext(table(), { batchRows: 50 }))
      await first.open(undefined)
      const before = await readAll(first, polls)
      const position = JSON.parse(JSON.stringify(first.position()))
      await first.close()
      const second = createSource(sourceContext(table(), { batchRows: 50 }))
      await second.open(position)
      const after = await readAll(second)
      await second.close()
      expect([...before, ...after].sort()).toEqual(expected(0, 555).sort())
    }
  })

  it('names file and line of a malformed record', async () => {
    await writeFile(join(directory, 'a.json'), `${lines(0, 2)}{"id":oops}\n${lines(3, 4)}`)
    await expect(read(table())).rejects.toMatchObject({
      code: 'MALFORMED_RECORD',
      at: { file: join(directory, 'a.json'), line: 3 },
    })
    let skipped = 0
    const source = createSource(
      sourceContext(table({ 'json.ignore-parse-errors': 'true' }), {
        onSkipped: (records) => {
          skipped += records
        },
      }),
    )
    await source.open(undefined)
    expect(await readAll(source)).toEqual([...expected(0, 2), ...expected(3, 4)])
    expect(skipped).toBe(1)
    await source.close()
  })

  it('reads CSV fields that go over several lines', async () => {
    const text = '1,"a\nb"\n2,c"\n3,"d ""\n""\n"\n4,x\n'
    const csv = table({ format: 'csv', path: join(directory, 'a.csv') })
    await writeFile(join(directory, 'a.csv'), text)
    const expectedRows = ['+I 1 "a\\nb"', '+I 2 "c\\""', '+I 3 "d \\"\\n\\"\\n"', '+I 4 x']
    expect(await read(csv)).toEqual(expectedRows)
    await writeFile(join(directory, 'a.csv'), `${text}oops,1\n`)
    await expect(read(csv)).rejects.toMatchObject({ at: { line: 8 } })
    await writeFile(join(directory, 'a.csv'), '1,"never closed\n2,b\n')
    await expect(read(csv)).rejects.toMatchObject({ code: 'MALFORMED_RECORD', at: { line: 1 } })
  })

  it('reads records longer than a chunk, and lines that end in any way', async () => {
    const long = 'x'.repeat(3_000_000)
    await writeFile(join(directory, 'a.json'), `${lines(0, 3)}{"id":3,"name":"${long}"}\r\n\r\n\n{"id":4,"name":"e"}`)
    const rows = await read(table())
    expect(rows.map((row) => row.length)).toEqual([7, 7, 7, 5 + long.length, 6])
  })

  it('gives metadata and partition columns', async () => {
    await mkdir(join(directory, 'dt=2024-01-31/hour=__DEFAULT_PARTITION__'), { recursive: true })
    await writeFile(join(directory, 'dt=2024-01-31/hour=__DEFAULT_PARTITION__/f.json'), lines(1, 2))
    const request = table(
      {},
      {
        columns: { id: BIGINT, dt: STRING, hour: INT },
        partitionKeys: ['dt', 'hour'],
        metadata: [
          { kind: 'metadata', name: 'file.name', type: STRING, virtual: true },
          { kind: 'metadata', name: 'size', from: 'file.size', type: BIGINT, virtual: true },
          { kind: 'metadata', name: 'at', from: 'file.modification-time', type: timestampLtz(3), virtual: true },
        ],
      },
    )
    const rows = await read(request)
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatch(/^\+I 1 2024-01-31 NULL f\.json 21 \d{13}$/)
    expect(await read(request, ['size', 'dt'])).toEqual(['+I 21 2024-01-31'])
  })

  it('finds new files while it monitors', async () => {
    const clock = new ManualClock()
    await writeFile(join(directory, 'a.json'), lines(0, 1))
    const source = createSource(sourceContext(table({ 'source.monitor-interval': '1 s' }), { clock }))
    await source.open(undefined)
    expect(await readAll(source, 2)).toEqual(expected(0, 1))
    await writeFile(join(directory, 'b.json'), lines(1, 2))
    expect(await readAll(source, 1)).toEqual([])
    clock.time = 1000
    expect(await readAll(source, 2)).toEqual(expected(1, 2))
    await source.close()
  })

  it('says that a path does not exist', async () => {
    await expect(read(table({ path: join(directory, 'none') }))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    await expect(read(table({ path: 's3://bucket/x' }))).rejects.toThrow("cannot be 's3://bucket/x'")
  })
})

describe('sink', () => {
  const batch = parseBatch(
    {
      fields: [
        { name: 'id', type: BIGINT },
        { name: 'name', type: STRING },
      ],
    },
    '+I 1 a\n+I 2 NULL',
  )

  it('shows files only when the checkpoint is committed', async () => {
    const sink = createSink(sinkContext(table()))
    await sink.open()
    await sink.write(batch)
    expect(await visibleFiles()).toEqual([])
    const handle = await sink.prepare(1)
    expect(await visibleFiles()).toEqual([])
    await sink.commit(JSON.parse(JSON.stringify(handle)))
    await sink.commit(JSON.parse(JSON.stringify(handle)))
    const [file] = await visibleFiles()
    expect(await readFile(join(directory, file ?? ''), 'utf8')).toBe('{"id":1,"name":"a"}\n{"id":2,"name":null}\n')
    expect(await sink.prepare(2)).toBeNull()
    await sink.close()
  })

  it('takes rows for the next checkpoint while one is being prepared', async () => {
    const sink = createSink(sinkContext(table()))
    const visibleLines = async (): Promise<number> => {
      const texts = await Promise.all((await visibleFiles()).map((file) => readFile(join(directory, file), 'utf8')))
      return texts.join('').split('\n').length - 1
    }
    await sink.open()
    await sink.write(batch)
    for (const rows of [2, 4]) {
      const preparing = sink.prepare(rows)
      await sink.write(batch)
      const handle = await preparing
      if (handle !== null) await sink.commit(handle)
      expect(await visibleLines()).toBe(rows)
    }
    const lost = sink.prepare(5)
    await sink.close()
    await lost
    expect(await readdir(directory)).toHaveLength(2)
  })

  it('commits what was prepared and deletes the rest after a crash', async () => {
    const crashed = createSink(sinkContext(table()))
    await crashed.open()
    await crashed.write(batch)
    const handle = JSON.parse(JSON.stringify(await crashed.prepare(1)))
    await crashed.write(batch)
    await crashed.prepare(2)
    const other = createSink(sinkContext(table(), { jobName: 'other' }))
    await other.open()
    await other.write(batch)
    const otherHandle = await other.prepare(1)
    const restored = createSink(sinkContext(table()))
    await restored.open()
    await restored.recover([handle])
    expect(await visibleFiles()).toHaveLength(1)
    // Only the other job's file is left in hiding.
    expect((await readdir(directory)).filter((name) => name.startsWith('.'))).toHaveLength(1)
    if (otherHandle !== null) await other.commit(otherHandle)
    expect(await read(table())).toHaveLength(4)
    await restored.close()
  })

  it('writes partitions and success files', async () => {
    const schema = {
      fields: [
        { name: 'id', type: BIGINT },
        { name: 'dt', type: STRING },
        { name: 'amount', type: decimal(8, 2) },
      ],
    }
    const request = table(
      { 'sink.partition-commit.policy.kind': 'success-file', 'sink.partition-commit.delay': '1 h' },
      { columns: { id: BIGINT, dt: STRING, amount: decimal(8, 2) }, partitionKeys: ['dt'] },
    )
    const clock = new ManualClock(0)
    const sink = createSink(sinkContext(request, { clock }))
    await sink.open()
    await writeCommitted(sink, parseBatch(schema, '+I 1 a/b 250\n+I 2 NULL 1\n+I 3 a/b 0'))
    expect((await readdir(directory)).sort()).toEqual(['dt=__DEFAULT_PARTITION__', 'dt=a%2Fb'])
    expect(await readdir(join(directory, 'dt=a%2Fb'))).not.toContain('_SUCCESS')
    clock.time = 3_600_000
    await writeCommitted(sink, parseBatch(schema, '+I 4 a/b 1'), 2)
    expect(await readdir(join(directory, 'dt=a%2Fb'))).toContain('_SUCCESS')
    await sink.close()
    expect((await read(request)).sort()).toEqual(
      ['+I 1 a/b 250', '+I 2 NULL 100', '+I 3 a/b 0', '+I 4 a/b 100'].map((row) =>
        row.replace('NULL 100', 'NULL 1').replace('4 a/b 100', '4 a/b 1'),
      ),
    )
  })

  it('rolls by size and time', async () => {
    const clock = new ManualClock(0)
    const sink = createSink(sinkContext(table({ 'sink.rolling-policy.file-size': '30b' }), { clock }))
    await sink.open()
    await sink.write(batch)
    await sink.write(batch)
    await writeCommitted(sink, batch)
    expect(await visibleFiles()).toHaveLength(3)
    await sink.close()
    const slow = createSink(sinkContext(table(), { clock }))
    await slow.open()
    await slow.write(batch)
    clock.time = 31 * 60_000
    await slow.onTime?.(clock.time)
    await writeCommitted(slow, batch)
    expect(await visibleFiles()).toHaveLength(5)
    await slow.close()
  })

  it('overwrites', async () => {
    await writeFile(join(directory, 'old.json'), lines(0, 1))
    const sink = createSink(sinkContext(table(), { overwrite: true }))
    await sink.open()
    await writeCommitted(sink, batch)
    await writeCommitted(sink, batch, 2)
    await sink.close()
    expect(await read(table())).toHaveLength(4)
    expect(await visibleFiles()).not.toContain('old.json')
  })

  it('discards what was not prepared', async () => {
    const sink = createSink(sinkContext(table()))
    await sink.open()
    await sink.write(batch)
    await sink.close()
    expect(await readdir(directory)).toEqual([])
  })
})
