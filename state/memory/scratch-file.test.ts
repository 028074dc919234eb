import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ScratchFile } from './scratch-file.ts'

it('gives back what was written, leaves no name behind, and is empty after it was cleared', () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-scratch-'))
  try {
    const below = join(directory, 'made')
    const file = new ScratchFile(below)
    for (const round of [1, 2]) {
      expect(file.append(Uint8Array.of(1, 2, round))).toBe(0)
      expect(file.append(Uint8Array.of(4, 5))).toBe(3)
      expect(readdirSync(below)).toEqual([])
      const bytes = new Uint8Array(3)
      file.read(2, bytes)
      expect([...bytes]).toEqual([round, 4, 5])
      expect(() => {
        file.read(3, bytes)
      }).toThrow('ends too early')
      file.clear()
      expect(() => {
        file.read(0, bytes)
      }).toThrow('ends too early')
    }
    writeFileSync(join(directory, 'taken'), '')
    expect(() => new ScratchFile(join(directory, 'taken')).append(Uint8Array.of(1))).toThrow('EEXIST')
  } finally {
    rmSync(directory, { recursive: true })
  }
})
