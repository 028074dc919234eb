/** The one list of formats that can run; their descriptors are in `catalog/connectors/formats/`. */
import { MillraceError } from '../../core/errors.ts'
import type { OptionValues } from '../../core/options.ts'
import type { Format } from '../api/format.ts'

const FORMATS: Readonly<Record<string, () => Promise<Format>>> = {
  csv: () => import('./csv/index.ts'),
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

/** A table's options as its format takes them: only those under the prefix (`json.`, `key.json.`), without it. */
export function scopeOptions(options: OptionValues, prefix: string): OptionValues {
  return {
    has: (key) => options.has(prefix + key),
    string: (key) => options.string(prefix + key),
    optionalString: (key) => options.optionalString(prefix + key),
    int: (key) => options.int(prefix + key),
    optionalInt: (key) => options.optionalInt(prefix + key),
    long: (key) => options.long(prefix + key),
    optionalLong: (key) => options.optionalLong(prefix + key),
    double: (key) => options.double(prefix + key),
    boolean: (key) => options.boolean(prefix + key),
    duration: (key) => options.duration(prefix + key),
    optionalDuration: (key) => options.optionalDuration(prefix + key),
    memory: (key) => options.memory(prefix + key),
    list: (key) => options.list(prefix + key),
    enum: (key) => options.enum(prefix + key),
    prefixed: (key) => options.prefixed(prefix + key),
  }
}
