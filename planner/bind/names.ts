/** Names of result columns. */
import type { Field } from '../../core/types.ts'
import type { LogicalNode } from '../logical/node.ts'
import { createProject } from '../logical/project.ts'

/** `a, a, EXPR$0` → `a, a0, EXPR$0`, as Calcite does it. */
export function uniqueNames(fields: readonly Field[]): readonly string[] {
  const used = new Set(fields.map((field) => field.name))
  const seen = new Set<string>()
  return fields.map(({ name }) => {
    if (!seen.has(name)) {
      seen.add(name)
      return name
    }
    let number = 0
    while (used.has(`${name}${number}`)) number++
    const unique = `${name}${number}`
    used.add(unique)
    seen.add(unique)
    return unique
  })
}

/** The plan with other column names; the same node where the names are those it has. */
export function renameFields(plan: LogicalNode, names: readonly string[]): LogicalNode {
  const { fields } = plan.schema
  if (names.length === 0 || fields.every((field, index) => field.name === names[index])) return plan
  const renamed = fields.map((field, index) => ({ ...field, name: names[index] ?? field.name }))
  if (plan.kind === 'project') return { ...plan, schema: { fields: renamed } }
  const expressions = fields.map((field, index) => ({ kind: 'input' as const, index, type: field.type }))
  return createProject(plan, expressions, { fields: renamed })
}
