import { decimalText } from '../../core/value-text.ts'

/** `BigDecimal.toString`, or with `plain` its `toPlainString`: below a millionth it has an exponent, `2.7E-8`. */
export function bigDecimalText(unscaled: bigint, scale: number, plain: boolean): string {
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString()
  const exponent = digits.length - 1 - scale
  if (plain || exponent >= -6) return decimalText(unscaled, scale)
  const mantissa = digits.length === 1 ? digits : `${digits[0]}.${digits.slice(1)}`
  return `${unscaled < 0n ? '-' : ''}${mantissa}E${exponent}`
}
