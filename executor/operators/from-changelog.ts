/**
 * FROM_CHANGELOG: every row becomes the change that its operation names; the operation's column goes
 * (https://nightlies.apache.org/flink/flink-docs-master/docs/sql/reference/queries/changelog/).
 */
import { type ChangeBatch, createBatch, gatherRows, INSERT } from '../../core/change-batch.ts'
import type { BytesColumn } from '../../core/column.ts'
import { invariant, MillraceError } from '../../core/errors.ts'
import type { FromChangelogNode } from '../../planner/physical/graph.ts'
import type { Operator, OperatorContext } from './operator.ts'

export function createFromChangelog(node: FromChangelogNode, { output }: OperatorContext): Operator {
  const { spec, schema } = node
  const decode = kindDecoder(spec.kinds)
  return {
    onBatch: (batch) => {
      const told = toldChanges(batch, spec.op, decode, spec.invalidOp === 'FAIL' ? node : undefined)
      const columns = told.columns.filter((_, column) => column !== spec.op)
      if (told.rows > 0) output.batch(createBatch(schema, columns, told.rows, told.kinds))
    },
    onWatermark: (time) => {
      output.watermark(time)
    },
  }
}

const UNKNOWN = 255

/** The row kind of a piece of the data, or UNKNOWN. */
type KindDecoder = (data: Uint8Array, start: number, length: number) => number

/** @param strict the node that fails by a row whose operation is not known; absent: such rows are left out */
function toldChanges(
  batch: ChangeBatch,
  op: number,
  decode: KindDecoder,
  strict: FromChangelogNode | undefined,
): ChangeBatch {
  const { rows } = batch
  const column = batch.columns[op]
  invariant(column?.kind === 'bytes' || column?.kind === 'null', 'the operation is text')
  const kinds = new Uint8Array(rows)
  const kept = new Int32Array(rows)
  let count = 0
  for (let row = 0; row < rows; row++) {
    const isNull = column.kind === 'null' || column.nulls?.[row] === 1
    const kind = isNull ? UNKNOWN : decode(column.data, column.starts[row] as number, column.lengths[row] as number)
    if (kind !== UNKNOWN) {
      kinds[row] = kind
      kept[count++] = row
    } else if (strict !== undefined) throw unknownOperation(strict, isNull ? undefined : textAt(column, row))
  }
  const told = { ...batch, kinds: kinds.every((kind) => kind === INSERT) ? null : kinds }
  return count === rows ? told : gatherRows(told, kept, count)
}

/** Compares bytes: codes are few and short. */
function kindDecoder(kinds: FromChangelogNode['spec']['kinds']): KindDecoder {
  const encoder = new TextEncoder()
  const known = kinds.map(([code, kind]) => ({ bytes: encoder.encode(code), kind }))
  return (data, start, length) => {
    for (const { bytes, kind } of known) {
      if (bytes.length === length && bytes.every((byte, index) => byte === data[start + index])) return kind
    }
    return UNKNOWN
  }
}

function textAt(column: BytesColumn, row: number): string {
  const start = column.starts[row] as number
  return new TextDecoder().decode(column.data.subarray(start, start + (column.lengths[row] as number)))
}

function unknownOperation({ spec }: FromChangelogNode, code: string | undefined): MillraceError {
  const what = code === undefined ? 'NULL' : `"${code}"`
  return new MillraceError('MALFORMED_RECORD', `FROM_CHANGELOG knows no operation ${what}`, {
    detail: `Known are: ${spec.kinds.map(([known]) => `"${known}"`).join(', ')}.`,
    hint: "Name it in op_mapping, or leave such rows out with invalid_op_handling => 'SKIP'.",
  })
}
