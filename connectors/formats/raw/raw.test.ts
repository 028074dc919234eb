import { describe, expect, it } from 'vitest'
import { RAW_FORMAT } from '../../../catalog/connectors/formats/raw.ts'
import { formatBatch, parseBatch } from '../../../core/batch-text.ts'
import { createBatch } from '../../../core/change-batch.ts'
import * as types from '../../../core/types.ts'
import type { SqlType } from '../../../core/types.ts'
import { decodeLines, formatOptionsOf, recordsOf } from '../../test-support/records.ts'
import { createDecoder, createEncoder } from './index.ts'

describe('raw', () => {
  it.each<readonly [SqlType, string, string, Record<string, string>]>([
    [types.STRING, '"a b"', '612062', {}],
    [types.STRING, 'é', 'e9', { charset: 'ISO-8859-1' }],
    [types.STRING, 'é', '00e9', { charset: 'utf-16be' }],
    [types.STRING, 'é', 'feff00e9', { charset: 'UTF-16' }],
    [types.BYTES, 'x00ff', '00ff', {}],
    [types.BOOLEAN, 'true', '01', {}],
    [types.TINYINT, '-1', 'ff', {}],
    [types.SMALLINT, '258', '0102', {}],
    [types.INT, '258', '02010000', { endianness: 'little-endian' }],
    [types.BIGINT, '-2', 'fffffffffffffffe', {}],
    [types.FLOAT, '1.5', '3fc00000', {}],
    [types.DOUBLE, '1.5', '000000000000f83f', { endianness: 'little-endian' }],
  ])('%j %s is %s', (type, text, hex, raw) => {
    const fields = [{ name: 'v', type }]
    const options = formatOptionsOf(RAW_FORMAT, raw)
    const { columns } = parseBatch({ fields }, `+I ${text}\n+I NULL`)
    const encoded = createEncoder({ fields, options }).encode(columns, 2, null)
    expect(Buffer.from(encoded.data.subarray(0, encoded.size)).toString('hex')).toBe(hex)
    expect([...encoded.lengths.subarray(0, 2)]).toEqual([hex.length / 2, -1])
    const decoded = createDecoder({ fields, wanted: [0], options }).decode(recordsOf([Buffer.from(hex, 'hex'), null]))
    expect(formatBatch(createBatch({ fields }, decoded.columns, 2)).split('\n')).toEqual([`+I ${text}`, '+I NULL'])
  })

  it('refuses records of another size', () => {
    const fields = [{ name: 'v', type: types.INT }]
    const decoder = createDecoder({ fields, wanted: [0], options: formatOptionsOf(RAW_FORMAT) })
    expect(() => decodeLines(decoder, fields, recordsOf(['abc']))).toThrow('a INT has 4 bytes but the record has 3')
  })
})
