import { expect, test } from 'vitest'
import { compareCases } from './compare.ts'

test.each(['streaming', 'batch'] as const)(
  '200 random queries give what DuckDB gives, %s',
  async (mode) => {
    const seed = Number(process.env['MILLRACE_FUZZ_SEED'] ?? 1)
    const failures = await compareCases(seed, 200, mode)
    expect(failures).toEqual([])
  },
  120_000,
)
