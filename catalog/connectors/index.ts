/** The one list of connector and format descriptors. */
import type { ConnectorDescriptor } from '../connector.ts'
import { BLACKHOLE } from './blackhole.ts'
import { DATAGEN } from './datagen.ts'
import { FILESYSTEM } from './filesystem.ts'
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

export { FORMAT_DESCRIPTORS } from './formats/index.ts'
