/** The one list of scalar functions and operators. */
import { ARITHMETIC_OPERATORS } from './arithmetic.ts'
import { COLLECTION_FUNCTIONS } from './collection.ts'
import { COMPARISON_FUNCTIONS } from './comparison.ts'
import { CONDITIONAL_FUNCTIONS } from './conditional.ts'
import type { ScalarFunction } from './function.ts'
import { LOGICAL_FUNCTIONS } from './logical.ts'
import { MATH_FUNCTIONS } from './math.ts'
import { PATTERN_FUNCTIONS } from './pattern.ts'
import { STRING_FUNCTIONS } from './string.ts'
import { TEMPORAL_FUNCTIONS } from './temporal.ts'

export const SCALAR_FUNCTIONS: readonly ScalarFunction[] = [
  ...COMPARISON_FUNCTIONS,
  ...LOGICAL_FUNCTIONS,
  ...ARITHMETIC_OPERATORS,
  ...MATH_FUNCTIONS,
  ...STRING_FUNCTIONS,
  ...PATTERN_FUNCTIONS,
  ...TEMPORAL_FUNCTIONS,
  ...CONDITIONAL_FUNCTIONS,
  ...COLLECTION_FUNCTIONS,
]

const BY_NAME = new Map(
  SCALAR_FUNCTIONS.flatMap((item) =>
    [item.name, ...(item.aliases ?? [])].map((name) => [name.toUpperCase(), item] as const),
  ),
)

/** Case-insensitive, aliases included. */
export function findFunction(name: string): ScalarFunction | undefined {
  return BY_NAME.get(name.toUpperCase())
}
