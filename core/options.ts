/**
 * Option specs: what a connector, a format or the configuration takes, as data. Validation, defaults, "did you mean"
 * and the reference pages are all made from the spec. Value syntax is Flink's: durations `10 s`, `500 ms`, `1min`
 * (a plain number is milliseconds), memory sizes `128mb`, lists separated by `;`.
 */
export type OptionType =
  | 'string'
  | 'int'
  | 'long'
  | 'double'
  | 'boolean'
  | 'duration'
  | 'memory'
  | 'list'
  | 'enum'
  | 'map'

export interface OptionSpec {
  /** `topic`, or with a wildcard: `properties.*` (any suffix), `fields.#.kind` (`#` is a column of the table). */
  readonly key: string
  readonly type: OptionType
  /** Of an enum, in the spelling of the documentation; compared case-insensitively. */
  readonly values?: readonly string[]
  readonly required?: boolean
  /** As text, as a user would write it. */
  readonly default?: string
  readonly description: string
  /** Older spellings that mean the same. */
  readonly aliases?: readonly string[]
  /**
   * The option is Flink's, but cannot be honoured: giving it is an error with this reason (a whole sentence).
   */
  readonly refused?: string
  /** Of Flink's values only these (compared case-insensitively) can be honoured; another is refused with this reason. */
  readonly only?: { readonly values: readonly string[]; readonly reason: string }
  /** Hidden in listings: a password. */
  readonly secret?: boolean
}

/** Where options came from, for messages: `table "orders"`, `format "json" of table "orders"`. */
export interface OptionOwner {
  readonly label: string
}

/**
 * Options of one table, checked against specs. Reading is typed; a key that no spec knows, a missing required key or
 * a malformed value is an error when the set is made (see `parseOptions` in `core/option-values.ts`).
 */
export interface OptionValues {
  has(key: string): boolean
  string(key: string): string
  optionalString(key: string): string | undefined
  int(key: string): number
  optionalInt(key: string): number | undefined
  long(key: string): bigint
  optionalLong(key: string): bigint | undefined
  double(key: string): number
  boolean(key: string): boolean
  /** In milliseconds. */
  duration(key: string): number
  optionalDuration(key: string): number | undefined
  /** In bytes. */
  memory(key: string): number
  list(key: string): readonly string[]
  /** The enum's value in the spelling of the spec. */
  enum(key: string): string
  /** Everything below a wildcard: `properties.*` gives `{ 'bootstrap.servers': … }`. */
  prefixed(prefix: string): ReadonlyMap<string, string>
}
