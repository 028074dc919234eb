/** The one list of connector and format descriptors. */
import type { ConnectorDescriptor, FormatDescriptor } from '../connector.ts'

export const CONNECTOR_DESCRIPTORS: readonly ConnectorDescriptor[] = []

export const FORMAT_DESCRIPTORS: readonly FormatDescriptor[] = []
