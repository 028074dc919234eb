/** Names as the catalog takes them. */
import type { ObjectName, Property } from '../../parser/ast.ts'

export function namesOf(name: ObjectName): string[] {
  return name.parts.map((part) => part.name)
}

export function optionsOf(properties: readonly Property[]): Record<string, string> {
  return Object.fromEntries(properties.map((property) => [property.key.value, property.value.value]))
}
