/** Constant tables in linear memory that the kernels look bytes up in. */
import { type Code, i32, i64 } from '../../../../core/wasm/code.ts'
import type { LinearMemory } from '../../../../core/wasm/memory.ts'

const POWERS = 19

/** Address 0 of a table is entry 0. */
export interface Tables {
  /** Byte behind a backslash → the byte it means; 0: none. */
  readonly escape: (byte: Code<'i32'>) => Code<'i32'>
  /** Hexadecimal digit → its value; 255: none. */
  readonly hex: (byte: Code<'i32'>) => Code<'i32'>
  /** Powers of ten from 10^0 to 10^18. */
  readonly power: (exponent: Code<'i32'>) => Code<'i64'>
}

/** @param owner the tables live as long as this */
export function createTables(memory: LinearMemory, owner: object): Tables {
  const { address } = memory.allocate(512 + 8 * POWERS, owner)
  const escapes = memory.view(Uint8Array, address, 256).fill(0)
  for (const [from, to] of ['""', '\\\\', '//', 'b\b', 'f\f', 'n\n', 'r\r', 't\t'].map((pair) => [...pair])) {
    escapes[(from as string).charCodeAt(0)] = (to as string).charCodeAt(0)
  }
  const hex = memory.view(Uint8Array, address + 256, 256).fill(255)
  for (const [value, digit] of [...'0123456789abcdef'].entries()) {
    hex[digit.charCodeAt(0)] = value
    hex[digit.toUpperCase().charCodeAt(0)] = value
  }
  const powers = memory.view(BigInt64Array, address + 512, POWERS)
  for (let exponent = 0; exponent < POWERS; exponent++) powers[exponent] = 10n ** BigInt(exponent)
  return {
    escape: (byte) => i32.load8U(byte, address),
    hex: (byte) => i32.load8U(byte, address + 256),
    power: (exponent) => i64.load(i32.shl(exponent, i32.const(3)), address + 512),
  }
}
