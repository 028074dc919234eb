/** Functions that take a table as EXPLAIN shows them. */
import {
  CHANGE_OPERATIONS,
  type FromChangelogSpec,
  type ProcessFunctionSpec,
  type ToChangelogSpec,
} from '../physical/graph.ts'

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

export function processFunctionText(spec: ProcessFunctionSpec, input: readonly string[]): string {
  const columns = (positions: readonly number[]): string => positions.map((column) => input[column]).join(', ')
  const { path } = spec.function
  const partition = spec.keys.length === 0 ? '' : `, partitionBy=[${columns(spec.keys)}]`
  const uid = spec.name === undefined ? '' : `, uid=[${spec.name}]`
  return `ProcessTableFunction(invocation=[${path.name}(${['TABLE', ...spec.args.slice(1).map((column) => input[column])].join(', ')})]${partition}${uid})`
}
