/** The encoding kernel against the general code, on random columns in many places. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CSV_FORMAT } from '../../../catalog/connectors/formats/csv.ts'
import { columnOf } from '../../../core/column-builder.ts'
import * as types from '../../../core/types.ts'
import { FIELDS, linesOf, randomColumns, withKernel } from '../../test-support/random-columns.ts'
import { formatOptionsOf } from '../../test-support/records.ts'
import { CsvEncoder } from './encoder.ts'

const OPTIONS: readonly Readonly<Record<string, string>>[] = [
  {},
  { 'field-delimiter': '|', 'quote-character': "'", 'null-literal': 'no value at all, but a long one' },
  { 'escape-character': '\\', 'write-bigdecimal-in-scientific-notation': 'false' },
  { 'disable-quote-character': 'true', 'field-delimiter': '\t' },
  { 'quote-character': '!', 'field-delimiter': '\t' },
]

describe('encoding kernel', () => {
  for (const given of OPTIONS) {
    it(`writes what the general code writes: ${JSON.stringify(given)}`, () => {
      const request = { fields: FIELDS, options: formatOptionsOf(CSV_FORMAT, given), terminator: new Uint8Array([10]) }
      const kernel = withKernel(new CsvEncoder(request))
      fc.assert(
        fc.property(randomColumns, ({ columns, count }) => {
          expect(linesOf(kernel.encode(columns, count))).toEqual(
            linesOf(new CsvEncoder(request).encode(columns, count)),
          )
        }),
        { numRuns: 200 },
      )
    })
  }

  it('quotes text by its length in Java', () => {
    const request = {
      fields: [{ name: 's', type: types.STRING }],
      options: formatOptionsOf(CSV_FORMAT),
      terminator: new Uint8Array([10]),
    }
    const texts = ['a', 'é', '\u{1f600}'].flatMap((letter) =>
      Array.from({ length: 100 }, (_, length) => `${letter.repeat(length)}b`),
    )
    const encoder = new CsvEncoder(request)
    const encode = (): string => linesOf(encoder.encode([columnOf(types.STRING, texts)], texts.length)).all
    const expected = texts.map((text) => (text.length > 24 ? `"${text}"\n` : `${text}\n`)).join('')
    // The first calls are the general code's, the last ones the kernel's.
    for (let call = 0; call < 10; call++) expect(encode()).toBe(expected)
  })
})
