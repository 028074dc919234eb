/** Names, strings and lists as text. */
import type { Identifier, ObjectName, Property, StringLiteral } from '../ast/node.ts'
import { isReserved } from '../keywords.ts'

const PLAIN_NAME = /^[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Nd}\p{Mn}\p{Mc}\p{Pc}$]*$/u

/** In backticks where it was written so, or where it has to be. */
export function formatIdentifier({ name, quoted }: Identifier): string {
  return quoted || !PLAIN_NAME.test(name) || isReserved(name) ? quoteIdentifier(name) : name
}

/** A name in backticks. */
function quoteIdentifier(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}

export function formatPath(parts: readonly Identifier[]): string {
  return parts.map(formatIdentifier).join('.')
}

export const formatObjectName = (name: ObjectName): string => formatPath(name.parts)

/** A string in single quotes. */
function quoteString(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}

export const formatString = ({ value }: StringLiteral): string => quoteString(value)

export const formatProperty = ({ key, value }: Property): string => `${formatString(key)} = ${formatString(value)}`

export function list<T>(items: readonly T[], format: (item: T) => string): string {
  return items.map(format).join(', ')
}

export function parenthesize<T>(items: readonly T[], format: (item: T) => string): string {
  return `(${list(items, format)})`
}

export const formatNames = (names: readonly Identifier[]): string => parenthesize(names, formatIdentifier)

/** The parts that are there, with a space between. */
export function words(...parts: readonly (string | false | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== false && part !== '').join(' ')
}
