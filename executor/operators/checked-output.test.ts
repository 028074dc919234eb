import { describe, expect, it } from 'vitest'
import { ALL_CHANGES, type ChangelogMode, INSERT_ONLY, UPSERT } from '../../catalog/connector.ts'
import { parseBatch } from '../../core/batch-text.ts'
import { BIGINT, INT, type Schema, STRING, withNullability } from '../../core/types.ts'
import { CheckedOutput } from './checked-output.ts'

const SCHEMA: Schema = {
  fields: [
    { name: 'k', type: withNullability(BIGINT, false) },
    { name: 's', type: STRING },
  ],
}

function feed(changelog: ChangelogMode, ...texts: readonly string[]): () => void {
  const output = new CheckedOutput(
    { batch: () => undefined, watermark: () => undefined },
    { schema: SCHEMA, changelog, upsertKey: [0] },
  )
  return () => {
    for (const text of texts) output.batch(parseBatch(SCHEMA, text))
  }
}

describe('checked output', () => {
  it('lets a right changelog through', () => {
    expect(feed(ALL_CHANGES, '+I 1 a\n-U 1 a\n+U 1 b', '-D 1 b')).not.toThrow()
    expect(feed(UPSERT, '+I 1 a\n+U 1 b', '-D 1 NULL')).not.toThrow()
  })

  it('refuses to take back what is not there', () => {
    expect(feed(ALL_CHANGES, '+I 1 a', '-D 1 b')).toThrow('-D 1 b takes back a row that is not there')
    expect(feed(ALL_CHANGES, '+I 1 a\n-U 1 a\n-U 1 a')).toThrow('-U 1 a takes back')
    expect(feed(UPSERT, '+I 1 a\n-D 2 a')).toThrow('deletes a key that is not there')
  })

  it('refuses row kinds that the plan does not have', () => {
    expect(feed(INSERT_ONLY, '+I 1 a\n-D 1 a')).toThrow('a -D row was emitted where the plan has none')
    expect(feed(UPSERT, '+I 1 a\n-U 1 a')).toThrow('a -U row was emitted where the plan has none')
  })

  it('refuses NULL in NOT NULL columns and columns of other types', () => {
    expect(feed(INSERT_ONLY, 'NULL a')).toThrow('column "k" is NOT NULL and has a NULL')
    const output = new CheckedOutput(
      { batch: () => undefined, watermark: () => undefined },
      { schema: SCHEMA, changelog: INSERT_ONLY },
    )
    const other: Schema = {
      fields: [
        { name: 'k', type: INT },
        { name: 's', type: STRING },
      ],
    }
    expect(() => {
      output.batch(parseBatch(other, '1 a'))
    }).toThrow('column "k" is i32 instead of i64')
  })

  it('refuses a watermark that does not advance', () => {
    const output = new CheckedOutput(
      { batch: () => undefined, watermark: () => undefined },
      { schema: SCHEMA, changelog: INSERT_ONLY },
    )
    output.watermark(5)
    expect(() => {
      output.watermark(5)
    }).toThrow('watermark 5 follows 5')
  })
})
