/** The json format: one JSON object a record. Exports a `Format`. */
import type { DecoderRequest, EncoderRequest, RecordDecoder, RecordEncoder } from '../../api/format.ts'
import { JsonDecoder } from './decoder.ts'
import { JsonEncoder } from './encoder.ts'
import { readJsonOptions } from './options.ts'

export function createDecoder(request: DecoderRequest): RecordDecoder {
  return new JsonDecoder(request, readJsonOptions(request.options))
}

export function createEncoder(request: EncoderRequest): RecordEncoder {
  return new JsonEncoder(request, readJsonOptions(request.options))
}
