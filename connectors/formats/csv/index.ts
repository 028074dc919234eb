/** The csv format: fields by position. Exports a `Format`. */
import type { DecoderRequest, EncoderRequest, RecordDecoder, RecordEncoder } from '../../api/format.ts'
import { CsvDecoder } from './decoder.ts'
import { CsvEncoder } from './encoder.ts'

export function createDecoder(request: DecoderRequest): RecordDecoder {
  return new CsvDecoder(request)
}

export function createEncoder(request: EncoderRequest): RecordEncoder {
  return new CsvEncoder(request)
}
