/** Calls: the function's own rule decides about its arguments and its result; conversions become explicit casts. */
import type { BoundArgument, FunctionSpec } from '../../catalog/function.ts'
import { didYouMean } from '../../core/suggest.ts'
import {
  type SqlType,
  sameType,
  type TypeKind,
  typeToString,
  unitsPerMillisecond,
  withNullability,
  physicalKind,
} from '../../core/types.ts'
import type { Span } from '../../parser/ast.ts'
import type { Expression } from '../expression.ts'
import { type BinderContext, errorAt, withPosition } from './binder-context.ts'
import { castType, isAssignable, isNumeric } from './coercion.ts'
import { literal } from './literal.ts'
import { missingFunction } from './missing-function.ts'
import { typeList, withoutTimeAttribute } from './types.ts'

/** @throws MillraceError UNKNOWN_FUNCTION with the nearest name, UNSUPPORTED_FEATURE */
export function requireFunction(context: BinderContext, name: string, span: Span): FunctionSpec {
  const found = context.planner.functions.find(name)
  if (found !== undefined) return found
  const missing = missingFunction(name)
  if (missing !== undefined) throw errorAt(context, span, 'UNSUPPORTED_FEATURE', missing.text, { hint: missing.hint })
  const known = context.planner.functions.names().filter((candidate) => /^\w+$/.test(candidate))
  throw errorAt(context, span, 'UNKNOWN_FUNCTION', `function "${name}" does not exist`, {
    hint: didYouMean(name, known) ?? 'SHOW FUNCTIONS lists the functions.',
  })
}

/** @throws MillraceError TYPE_MISMATCH where the arguments do not fit, UNKNOWN_FUNCTION */
export function applyFunction(
  context: BinderContext,
  name: string,
  args: readonly Expression[],
  span: Span,
): Expression {
  const spec = requireFunction(context, name, span)
  if (spec.kind !== 'scalar') {
    throw errorAt(context, span, 'INVALID_ARGUMENT', `${spec.kind} function ${spec.name} cannot stand in an expression`)
  }
  const { converted, returnType } = bindArguments(context, spec, args, span)
  const call = { kind: 'call', function: spec.name, args: converted, type: withoutTimeAttribute(returnType) } as const
  return spec.user === undefined ? call : { ...call, user: spec.user }
}

export function bindArguments(
  context: BinderContext,
  spec: FunctionSpec,
  args: readonly Expression[],
  span: Span,
): { readonly converted: readonly Expression[]; readonly returnType: SqlType } {
  const signature = withPosition(context, span, () => spec.bind(args.map(toBoundArgument)))
  if (signature === undefined) {
    throw errorAt(context, span, 'TYPE_MISMATCH', argumentMessage(spec, args), {
      hint: spec.signatures.length > 0 ? `It is written ${spec.signatures.join(' or ')}.` : undefined,
    })
  }
  const converted = args.map((arg, index) => {
    const target = signature.argumentTypes[index]
    return target === undefined ? arg : implicitCast(arg, target)
  })
  return { converted, returnType: signature.returnType }
}

function argumentMessage(spec: FunctionSpec, args: readonly Expression[]): string {
  const types = args.map((arg) => arg.type)
  const subject = /^\w+$/.test(spec.name) ? `function ${spec.name}` : `operator ${spec.name}`
  return `${subject} does not take arguments of types ${typeList(types)}`
}

function toBoundArgument(expression: Expression): BoundArgument {
  const type = withoutTimeAttribute(expression.type)
  return expression.kind === 'literal' ? { type, literal: expression.value } : { type }
}

/** The expression as the type; nullability follows the expression. No cast where the values are the same anyway. */
export function implicitCast(expression: Expression, target: SqlType): Expression {
  if (expression.type.kind === 'NULL' && target.kind !== 'NULL') {
    return expression.kind === 'literal' ? literal(null, withNullability(target, true)) : cast(expression, target)
  }
  if (isAssignable(expression.type, target) || isWider(expression.type, target)) return expression
  if (expression.kind === 'literal') return castLiteral(expression, target) ?? cast(expression, target)
  return cast(expression, target)
}

/** More digits before the point, held in the same way: no value changes. */
function isWider(from: SqlType, to: SqlType): boolean {
  if (from.kind !== 'DECIMAL' || to.kind !== 'DECIMAL' || from.scale !== to.scale) return false
  return from.precision <= to.precision && physicalKind(from) === physicalKind(to)
}

function cast(input: Expression, target: SqlType): Expression {
  return { kind: 'cast', input, safe: false, type: castType(input.type, withoutTimeAttribute(target), false) }
}

const INTEGER_BITS: Readonly<Partial<Record<TypeKind, number>>> = { TINYINT: 8, SMALLINT: 16, INT: 32, BIGINT: 64 }

/** Number and TIMESTAMP literals take a wider type at once, so that plans read `a > 1` and not `a > CAST(1 AS BIGINT)`. */
export function castLiteral(expression: Expression & { kind: 'literal' }, target: SqlType): Expression | undefined {
  const { value, type } = expression
  if (value === null) return literal(null, withNullability(target, true))
  if (sameType(type, target)) return expression
  if (type.kind === 'TIMESTAMP' && target.kind === 'TIMESTAMP' && target.precision >= type.precision) {
    const scale = unitsPerMillisecond(target.precision) / unitsPerMillisecond(type.precision)
    return literal((BigInt(value) * scale).toString(), withoutTimeAttribute(target))
  }
  if (!isNumeric(type) || !isNumeric(target)) return undefined
  if (target.kind === 'DOUBLE' && type.kind !== 'FLOAT') return literal(approximate(value, type), target)
  if (type.kind === 'FLOAT' || type.kind === 'DOUBLE' || target.kind === 'FLOAT') return undefined
  if (type.kind === 'DECIMAL' && target.kind !== 'DECIMAL') return undefined
  const unscaled = BigInt(value)
  if (target.kind === 'DECIMAL') {
    const scale = type.kind === 'DECIMAL' ? type.scale : 0
    if (target.scale < scale) return undefined
    const scaled = unscaled * 10n ** BigInt(target.scale - scale)
    if (scaled.toString().replace('-', '').length > target.precision) return undefined
    return literal(scaled.toString(), target)
  }
  const bits = INTEGER_BITS[target.kind]
  if (bits === undefined || BigInt.asIntN(bits, unscaled) !== unscaled) return undefined
  return literal(target.kind === 'BIGINT' ? unscaled.toString() : Number(unscaled), target)
}

function approximate(value: string | number | boolean, type: SqlType): number | string {
  if (type.kind !== 'DECIMAL') return Number(value)
  return Number(decimalText(String(value), type.scale))
}

/** `12345` with scale 2 is `123.45`. */
export function decimalText(unscaled: string, scale: number): string {
  if (scale === 0) return unscaled
  const negative = unscaled.startsWith('-')
  const digits = unscaled.replace('-', '').padStart(scale + 1, '0')
  return `${negative ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

/** @throws MillraceError TYPE_MISMATCH */
export function requireBoolean(context: BinderContext, expression: Expression, clause: string, span: Span): Expression {
  if (expression.type.kind === 'BOOLEAN') return expression
  if (expression.type.kind === 'NULL') return literal(null, { kind: 'BOOLEAN', nullable: true })
  throw errorAt(context, span, 'TYPE_MISMATCH', `${clause} needs a BOOLEAN, not ${typeToString(expression.type)}`)
}
