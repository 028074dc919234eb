/** TO_CHANGELOG and FROM_CHANGELOG as EXPLAIN shows them. */
import { CHANGE_OPERATIONS, type FromChangelogSpec, type ToChangelogSpec } from '../physical/graph.ts'

export function toChangelogText({ op, codes }: ToChangelogSpec): string {
  const mapping = CHANGE_OPERATIONS.flatMap((name, kind) => {
    const code = codes[kind] ?? null
    return code === null ? [] : [`${name}: ${code}`]
  })
  return `ToChangelog(op=[${op}], opMapping=[${mapping.join(', ')}])`
}

export function fromChangelogText({ op, kinds, invalidOp }: FromChangelogSpec, input: readonly string[]): string {
  const mapping = kinds.map(([code, kind]) => `${code}: ${CHANGE_OPERATIONS[kind]}`)
  return `FromChangelog(op=[${input[op]}], opMapping=[${mapping.join(', ')}], invalidOpHandling=[${invalidOp}])`
}
