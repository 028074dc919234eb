import { expect, test } from 'vitest'
import { compareCases } from './compare.ts'

test('300 random queries give what DuckDB gives, as streams, in batch mode and in bundles', async () => {
  const seed = Number(process.env['MILLRACE_FUZZ_SEED'] ?? 1)
  const failures = await compareCases(seed, 300)
  expect(failures).toEqual([])
}, 180_000)
