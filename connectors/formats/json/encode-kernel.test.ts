/** The encoding kernel against the general code, on random columns in many places. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JSON_FORMAT } from '../../../catalog/connectors/formats/json.ts'
import type { Column } from '../../../core/column.ts'
import { columnOf } from '../../../core/column-builder.ts'
import * as types from '../../../core/types.ts'
import { FIELDS, linesOf, randomColumns, withKernel } from '../../test-support/random-columns.ts'
import { formatOptionsOf } from '../../test-support/records.ts'
import { JsonEncoder } from './encoder.ts'
import { readJsonOptions } from './options.ts'

const options = readJsonOptions(formatOptionsOf(JSON_FORMAT))

describe('encoding kernel', () => {
  it('writes what the general code writes', () => {
    const encoders = [{}, { terminator: new Uint8Array([10]) }].map((request) => ({
      plain: new JsonEncoder({ fields: FIELDS, ...request }, options),
      kernel: withKernel(new JsonEncoder({ fields: FIELDS, ...request }, options)),
    }))
    fc.assert(
      fc.property(randomColumns, ({ columns, count }) => {
        for (const { plain, kernel } of encoders) {
          expect(linesOf(kernel.encode(columns, count))).toEqual(linesOf(plain.encode(columns, count)))
        }
      }),
      { numRuns: 600 },
    )
  })

  it('makes room for long texts, and reads texts that many rows share', () => {
    const fields = [{ name: 's', type: types.STRING }]
    const encoder = new JsonEncoder({ fields, terminator: new Uint8Array([10]) }, options)
    const plain = new JsonEncoder({ fields, terminator: new Uint8Array([10]) }, options)
    const long = ['\n'.repeat(300_000), 'x'.repeat(700_000), '', null]
    encoder.encode(
      [
        columnOf(
          types.STRING,
          Array.from({ length: 2100 }, () => 'a'),
        ),
      ],
      2100,
    )
    const column = columnOf(types.STRING, long)
    expect(linesOf(encoder.encode([column], 4))).toEqual(linesOf(plain.encode([column], 4)))
    const shared: Column = {
      kind: 'bytes',
      data: Buffer.from(`${'-'.repeat(100_000)}one two`),
      starts: Int32Array.from({ length: 5000 }, (_, row) => 100_000 + 4 * (row % 2)),
      lengths: new Int32Array(5000).fill(3),
      nulls: null,
    }
    expect(linesOf(encoder.encode([shared], 5000))).toEqual(linesOf(plain.encode([shared], 5000)))
  })
})
