/** The one list of scalar functions and operators. */
import { ARITHMETIC_OPERATORS } from './arithmetic.ts'
import { ARRAY_FUNCTIONS } from './array.ts'
import { COLLECTION_FUNCTIONS } from './collection.ts'
import { COMPARISON_FUNCTIONS } from './comparison.ts'
import { CONDITIONAL_FUNCTIONS } from './conditional.ts'
import { DATETIME_TEXT_FUNCTIONS } from './datetime-text.ts'
import { ENCODING_FUNCTIONS } from './encoding.ts'
import type { ScalarFunction } from './function.ts'
import { JSON_FUNCTIONS } from './json/json.ts'
import { LOGICAL_FUNCTIONS } from './logical.ts'
import { MAP_FUNCTIONS } from './map.ts'
import { MATH_FUNCTIONS } from './math.ts'
import { PATTERN_FUNCTIONS } from './pattern.ts'
import { PRINTF } from './printf.ts'
import { STRING_FUNCTIONS } from './string.ts'
import { TEMPORAL_FUNCTIONS } from './temporal.ts'
import { URL_FUNCTIONS } from './url.ts'

export const SCALAR_FUNCTIONS: readonly ScalarFunction[] = [
  ...COMPARISON_FUNCTIONS,
  ...LOGICAL_FUNCTIONS,
  ...ARITHMETIC_OPERATORS,
  ...MATH_FUNCTIONS,
  ...STRING_FUNCTIONS,
  ...PATTERN_FUNCTIONS,
  ...TEMPORAL_FUNCTIONS,
  ...DATETIME_TEXT_FUNCTIONS,
  ...CONDITIONAL_FUNCTIONS,
  ...COLLECTION_FUNCTIONS,
  ...ARRAY_FUNCTIONS,
  ...MAP_FUNCTIONS,
  ...JSON_FUNCTIONS,
  ...ENCODING_FUNCTIONS,
  ...URL_FUNCTIONS,
  PRINTF,
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
