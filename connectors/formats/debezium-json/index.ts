/** The debezium-json format: change events, each with the row before and after. Exports a `Format`. */
import type { DecoderRequest, EncoderRequest, RecordDecoder, RecordEncoder } from '../../api/format.ts'
import { DebeziumJsonDecoder } from './decoder.ts'
import { DebeziumJsonEncoder } from './encoder.ts'

export function createDecoder(request: DecoderRequest): RecordDecoder {
  return new DebeziumJsonDecoder(request)
}

export function createEncoder(request: EncoderRequest): RecordEncoder {
  return new DebeziumJsonEncoder(request)
}
