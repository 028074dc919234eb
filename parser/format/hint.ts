import { unreachable } from '../../core/errors.ts'
import type { Hint, HintArgument } from '../ast/query.ts'
import { formatIdentifier, formatProperty, formatString, list, parenthesize } from './name.ts'

/** The hint comment, or an empty text where there is no hint. */
export function formatHints(hints: readonly Hint[]): string {
  if (hints.length === 0) return ''
  return `/*+ ${list(hints, ({ name, arguments: arguments_ }) =>
    arguments_.length === 0
      ? formatIdentifier(name)
      : formatIdentifier(name) + parenthesize(arguments_, formatHintArgument),
  )} */`
}

function formatHintArgument(argument: HintArgument): string {
  switch (argument.kind) {
    case 'property':
      return formatProperty(argument)
    case 'string':
      return formatString(argument)
    case 'identifier':
      return formatIdentifier(argument)
    case 'hint-number':
      return argument.text
    default:
      return unreachable(argument)
  }
}
