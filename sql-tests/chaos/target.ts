/** A pair of input and outputs that kill runs are done on. */
export interface ChaosTarget {
  readonly name: string
  /** Fresh outputs and the script that fills them. */
  prepareRun(run: string): Promise<{ readonly script: string; readonly dataDirectory: string }>
  /** What an independent reader finds, sorted, by output. */
  readResults(run: string): Promise<Readonly<Record<string, readonly string[]>>>
  removeRun(run: string): Promise<void>
  close(): Promise<void>
  /** Servers that can be stopped and started again under the running job. */
  readonly servers: readonly { readonly name: string; readonly restart: () => Promise<void> }[]
}
