/** LookupSource: rows of an external table by key, for `FOR SYSTEM_TIME AS OF` proctime joins. */
import type { ChangeBatch } from '../../core/change-batch.ts'

export interface LookupSource {
  open(): Promise<void>
  /**
   * @param keys one row for each distinct key to look up, columns in the order of the lookup keys
   * @returns the rows found, and for each the position of its key in `keys`
   */
  lookup(keys: ChangeBatch): Promise<{ readonly rows: ChangeBatch; readonly keyOf: Int32Array }>
  close(): Promise<void>
}
