/**
 * TO_CHANGELOG: every row becomes +I, with the operation that it was in a column behind the others
 * (https://nightlies.apache.org/flink/flink-docs-master/docs/sql/reference/queries/changelog/).
 */
import { type ChangeBatch, createBatch, gatherRows } from '../../core/change-batch.ts'
import type { BytesColumn } from '../../core/column.ts'
import type { ToChangelogNode } from '../../planner/physical/graph.ts'
import type { Operator, OperatorContext } from './operator.ts'

export function createToChangelog(node: ToChangelogNode, { output }: OperatorContext): Operator {
  const { spec, schema } = node
  const isKept = Uint8Array.from(spec.codes, (code) => (code === null ? 0 : 1))
  const operations = operationTexts(spec.codes)
  return {
    onBatch: (given) => {
      const batch = keptRows(given, isKept)
      if (batch.rows === 0) return
      const columns = [...batch.columns, operations(batch)]
      output.batch(createBatch(schema, columns, batch.rows))
    },
    onWatermark: (time) => {
      output.watermark(time)
    },
  }
}

function keptRows(batch: ChangeBatch, isKept: Uint8Array): ChangeBatch {
  const { kinds, rows } = batch
  const kept = new Int32Array(rows)
  let count = 0
  for (let row = 0; row < rows; row++)
    if (isKept[kinds === null ? 0 : (kinds[row] as number)] === 1) kept[count++] = row
  return count === rows ? batch : gatherRows(batch, kept, count)
}

/** The column of operations: views into the codes, which all rows share. */
function operationTexts(codes: readonly (string | null)[]): (batch: ChangeBatch) => BytesColumn {
  const encoder = new TextEncoder()
  const texts = codes.map((code) => encoder.encode(code ?? ''))
  const lengthOf = Int32Array.from(texts, (text) => text.length)
  const startOf = new Int32Array(texts.length)
  for (let kind = 1; kind < texts.length; kind++) {
    startOf[kind] = (startOf[kind - 1] as number) + (lengthOf[kind - 1] as number)
  }
  const data = Uint8Array.from(texts.flatMap((text) => [...text]))
  return ({ kinds, rows }) => {
    const starts = new Int32Array(rows)
    const lengths = new Int32Array(rows)
    for (let row = 0; row < rows; row++) {
      const kind = kinds === null ? 0 : (kinds[row] as number)
      starts[row] = startOf[kind] as number
      lengths[row] = lengthOf[kind] as number
    }
    return { kind: 'bytes', starts, lengths, data, nulls: null }
  }
}
