/** Text records as a decoder takes them, and what it gives back as lines. */
import { formatBatch } from '../../core/batch-text.ts'
import { createBatch } from '../../core/change-batch.ts'
import { parseOptions } from '../../core/option-values.ts'
import type { OptionValues } from '../../core/options.ts'
import type { Field } from '../../core/types.ts'
import type { FormatDescriptor } from '../../catalog/connector.ts'
import type { RecordDecoder, RecordSlices } from '../api/format.ts'

/** @param separator bytes between the records, so that they do not begin at the same offsets */
export function recordsOf(records: readonly (string | Uint8Array | null)[], separator = '\n#'): RecordSlices {
  const starts = new Int32Array(records.length)
  const lengths = new Int32Array(records.length)
  const parts: Uint8Array[] = []
  let at = 0
  records.forEach((record, index) => {
    const bytes = typeof record === 'string' ? Buffer.from(record) : (record ?? new Uint8Array(0))
    starts[index] = at
    lengths[index] = record === null ? -1 : bytes.length
    parts.push(bytes, Buffer.from(separator))
    at += bytes.length + separator.length
  })
  return { data: Buffer.concat(parts), starts, lengths, count: records.length }
}

export function formatOptionsOf(
  descriptor: FormatDescriptor,
  raw: Readonly<Record<string, string>> = {},
): OptionValues {
  return parseOptions(descriptor.options, raw, { label: `format "${descriptor.name}"` })
}

export function decodeLines(decoder: RecordDecoder, fields: readonly Field[], records: RecordSlices): string[] {
  const { columns, rows } = decoder.decode(records)
  return rows === 0 ? [] : formatBatch(createBatch({ fields }, columns, rows)).split('\n')
}
