/** The one list of formats that can run; their descriptors are in `catalog/connectors/formats/`. */
import { MillraceError } from '../../core/errors.ts'
import type { Format } from '../api/format.ts'

const FORMATS: Readonly<Record<string, () => Promise<Format>>> = {
  csv: () => import('./csv/index.ts'),
  'debezium-json': () => import('./debezium-json/index.ts'),
  json: () => import('./json/index.ts'),
  raw: () => import('./raw/index.ts'),
}

/** @throws MillraceError INVALID_OPTION where there is no format of that name */
export async function loadFormat(name: string): Promise<Format> {
  const load = FORMATS[name]
  if (load !== undefined) return load()
  throw new MillraceError('INVALID_OPTION', `format "${name}" does not exist`, {
    hint: `There are: ${Object.keys(FORMATS).sort().join(', ')}.`,
  })
}
