/** The one list of connector and format descriptors. */
import type { ConnectorDescriptor, FormatDescriptor } from '../connector.ts'
import { BLACKHOLE } from './blackhole.ts'
import { DATAGEN } from './datagen.ts'
import { FILESYSTEM } from './filesystem.ts'
import { CSV_FORMAT } from './formats/csv.ts'
import { JSON_FORMAT } from './formats/json.ts'
import { RAW_FORMAT } from './formats/raw.ts'
import { JDBC } from './jdbc.ts'
import { KAFKA } from './kafka.ts'
import { NEXMARK } from './nexmark.ts'
import { PRINT } from './print.ts'
import { UPSERT_KAFKA } from './upsert-kafka.ts'

export const CONNECTOR_DESCRIPTORS: readonly ConnectorDescriptor[] = [
  BLACKHOLE,
  DATAGEN,
  FILESYSTEM,
  JDBC,
  KAFKA,
  NEXMARK,
  PRINT,
  UPSERT_KAFKA,
]

export const FORMAT_DESCRIPTORS: readonly FormatDescriptor[] = [CSV_FORMAT, JSON_FORMAT, RAW_FORMAT]
