/** PATTERN (…) → the variables in their order. What Flink refuses is refused in its words. */
import { unreachable } from '../../core/errors.ts'
import type * as ast from '../../parser/ast.ts'
import type { MatchVariable } from '../physical/match-spec.ts'
import { type BinderContext, errorAt } from './binder-context.ts'

export interface PatternItem {
  readonly variable: MatchVariable
  readonly span: ast.Span
}

/** @throws MillraceError UNSUPPORTED_FEATURE, INVALID_DEFINITION */
export function bindPattern(context: BinderContext, node: ast.MatchRecognize): readonly PatternItem[] {
  if (node.anchoredStart || node.anchoredEnd) {
    throw refused(context, node.pattern.span, 'anchors, ^ and $, are not supported in a streaming context')
  }
  const items = itemsOf(context, node.pattern)
  const names = new Set<string>()
  for (const { variable, span } of items) {
    if (names.has(variable.name)) {
      throw refused(context, span, 'pattern variables must be unique', `Give one "${variable.name}" another name.`)
    }
    names.add(variable.name)
  }
  checkOptional(context, items)
  checkLast(context, node, items)
  return items
}

/** Elements of a concatenation, whatever its parentheses. */
function itemsOf(context: BinderContext, pattern: ast.Pattern): readonly PatternItem[] {
  switch (pattern.kind) {
    case 'pattern-variable':
      return [itemOf(context, pattern.name.name, { min: 1, max: 1, reluctant: false }, pattern.span)]
    case 'pattern-sequence':
      return pattern.items.flatMap((item) => itemsOf(context, item))
    case 'pattern-repeat':
      if (pattern.operand.kind === 'pattern-variable') {
        return [itemOf(context, pattern.operand.name.name, pattern, pattern.span)]
      }
      itemsOf(context, pattern.operand)
      throw refused(
        context,
        pattern.span,
        'group patterns are not supported: a quantifier can only follow a variable',
        'Repeat the variables, such as (A B C B C) in place of (A (B C){2}).',
      )
    case 'pattern-alternation':
      throw refused(context, pattern.span, 'branching patterns, A | B, are not supported')
    case 'pattern-permute':
      throw refused(context, pattern.span, 'PERMUTE patterns are not supported')
    case 'pattern-exclusion':
      throw refused(context, pattern.span, "'{-' '-}' patterns are not supported")
    default:
      return unreachable(pattern)
  }
}

type Quantifier = Pick<ast.PatternRepeat, 'min' | 'max' | 'reluctant'>

function itemOf(context: BinderContext, name: string, quantifier: Quantifier, span: ast.Span): PatternItem {
  const { min, max, reluctant } = quantifier
  if (max === 0) {
    throw errorAt(context, span, 'INVALID_DEFINITION', `variable "${name}" has to match one row at least once`, {
      hint: 'The number of repetitions is greater than 0.',
    })
  }
  const optional = min === 0 && max === 1
  if (optional && reluctant) {
    throw refused(context, span, 'reluctant optional variables are not supported', `Write ${name}?.`)
  }
  const greedy = !reluctant && !optional && min !== max
  return { variable: { name, min, max: max ?? null, greedy }, span }
}

function checkOptional(context: BinderContext, items: readonly PatternItem[]): void {
  for (const [index, { variable, span }] of items.entries()) {
    const before = items[index - 1]?.variable
    if (variable.min > 0 || before?.greedy !== true) continue
    throw refused(
      context,
      span,
      'an optional variable cannot be preceded by a greedy one',
      `Make "${before.name}" reluctant, with ? behind its quantifier.`,
    )
  }
}

function checkLast(context: BinderContext, node: ast.MatchRecognize, items: readonly PatternItem[]): void {
  if (items.every(({ variable }) => variable.min === 0)) {
    throw refused(
      context,
      node.pattern.span,
      'patterns that can produce empty matches are not supported',
      'There must be at least one non-optional variable.',
    )
  }
  const last = items.at(-1)
  if (last?.variable.greedy === true) {
    throw refused(
      context,
      last.span,
      'greedy quantifiers are not allowed as the last element of a pattern',
      'Finish your pattern with either a simple variable or a reluctant quantifier.',
    )
  }
}

export function refused(context: BinderContext, span: ast.Span, message: string, hint?: string): Error {
  return errorAt(context, span, 'UNSUPPORTED_FEATURE', message, { hint })
}
