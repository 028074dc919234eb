/** Records in which Millrace and Flink are known to differ. What is deliberate stands in `docs/compatibility.md` too. */
export interface KnownDifference {
  readonly suite: string
  /** The whole statement. */
  readonly sql: string
  readonly reason: string
}

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = []
