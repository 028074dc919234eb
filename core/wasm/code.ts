/**
 * WebAssembly instructions as values: an expression knows its type, statements are expressions of type `void`.
 * Functions are put together from them in TypeScript and assembled by `WasmModule`.
 *
 * Opcodes: https://webassembly.github.io/spec/core/appendix/index-instructions.html
 */

export type WasmType = 'i32' | 'i64' | 'f64' | 'v128'

export type WasmResult = WasmType | 'void'

/** Bytes still to be flattened: branches know their depth only when the blocks around them are known. */
export type Piece =
  | number
  | readonly Piece[]
  /** A block, loop or if; its bytes begin with the opcode and the type of the block. */
  | { readonly block: readonly number[]; readonly label: Label | undefined; readonly body: Piece }
  | { readonly opcode: number; readonly target: Label }

export interface Code<T extends WasmResult> {
  readonly type: T
  readonly piece: Piece
}

export type Statement = Code<'void'>

/** Where a branch goes: behind its block, or to the beginning of its loop. */
export class Label {
  readonly name: string
  constructor(name = '') {
    this.name = name
  }
}

export class Local<T extends WasmType> implements Code<T> {
  readonly type: T
  readonly piece: Piece
  readonly #index: number

  constructor(type: T, index: number) {
    this.type = type
    this.#index = index
    this.piece = [0x20, ...unsigned(index)]
  }

  set(value: Code<T>): Statement {
    return { type: 'void', piece: [value.piece, 0x21, ...unsigned(this.#index)] }
  }

  /** Sets the variable; its new value is the value of the expression. */
  tee(value: Code<T>): Code<T> {
    return { type: this.type, piece: [value.piece, 0x22, ...unsigned(this.#index)] }
  }
}

export class Global<T extends WasmType> implements Code<T> {
  readonly type: T
  readonly piece: Piece
  readonly #index: number

  constructor(type: T, index: number) {
    this.type = type
    this.#index = index
    this.piece = [0x23, ...unsigned(index)]
  }

  set(value: Code<T>): Statement {
    return { type: 'void', piece: [value.piece, 0x24, ...unsigned(this.#index)] }
  }
}

/** LEB128 of a number from 0 to 2^32 - 1. */
export function unsigned(value: number): number[] {
  const bytes: number[] = []
  let rest = value >>> 0
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  bytes.push(rest)
  return bytes
}

/** Signed LEB128. */
function signed(value: bigint): number[] {
  const bytes: number[] = []
  for (let rest = value; ; ) {
    const byte = Number(rest & 0x7fn)
    rest >>= 7n
    const isLast = (rest === 0n && (byte & 0x40) === 0) || (rest === -1n && (byte & 0x40) !== 0)
    bytes.push(isLast ? byte : byte | 0x80)
    if (isLast) return bytes
  }
}

export const TYPE_CODES: Readonly<Record<WasmResult, number>> = {
  i32: 0x7f,
  i64: 0x7e,
  f64: 0x7c,
  v128: 0x7b,
  void: 0x40,
}

function unary<A extends WasmType, R extends WasmType>(result: R, ...opcode: number[]): (a: Code<A>) => Code<R> {
  return (a) => ({ type: result, piece: [a.piece, ...opcode] })
}

function binary<A extends WasmType, R extends WasmType>(
  result: R,
  ...opcode: number[]
): (a: Code<A>, b: Code<A>) => Code<R> {
  return (a, b) => ({ type: result, piece: [a.piece, b.piece, ...opcode] })
}

function shift(...opcode: number[]): (a: Code<'v128'>, bits: Code<'i32'>) => Code<'v128'> {
  return (a, bits) => ({ type: 'v128', piece: [a.piece, bits.piece, ...opcode] })
}

/** A read at an address and a constant distance from it; no address need be aligned. */
function load<T extends WasmType>(type: T, ...opcode: number[]): (address: Code<'i32'>, offset?: number) => Code<T> {
  return (address, offset = 0) => ({ type, piece: [address.piece, ...opcode, 0, ...unsigned(offset)] })
}

function store<T extends WasmType>(
  ...opcode: number[]
): (address: Code<'i32'>, value: Code<T>, offset?: number) => Statement {
  return (address, value, offset = 0) => ({
    type: 'void',
    piece: [address.piece, value.piece, ...opcode, 0, ...unsigned(offset)],
  })
}

export const i32 = {
  const: (value: number): Code<'i32'> => ({ type: 'i32', piece: [0x41, ...signed(BigInt(value | 0))] }),
  load: load('i32', 0x28),
  load8S: load('i32', 0x2c),
  load8U: load('i32', 0x2d),
  load16S: load('i32', 0x2e),
  load16U: load('i32', 0x2f),
  store: store<'i32'>(0x36),
  store8: store<'i32'>(0x3a),
  store16: store<'i32'>(0x3b),
  eqz: unary<'i32', 'i32'>('i32', 0x45),
  eq: binary<'i32', 'i32'>('i32', 0x46),
  ne: binary<'i32', 'i32'>('i32', 0x47),
  ltS: binary<'i32', 'i32'>('i32', 0x48),
  ltU: binary<'i32', 'i32'>('i32', 0x49),
  gtS: binary<'i32', 'i32'>('i32', 0x4a),
  gtU: binary<'i32', 'i32'>('i32', 0x4b),
  leS: binary<'i32', 'i32'>('i32', 0x4c),
  leU: binary<'i32', 'i32'>('i32', 0x4d),
  geS: binary<'i32', 'i32'>('i32', 0x4e),
  geU: binary<'i32', 'i32'>('i32', 0x4f),
  clz: unary<'i32', 'i32'>('i32', 0x67),
  ctz: unary<'i32', 'i32'>('i32', 0x68),
  add: binary<'i32', 'i32'>('i32', 0x6a),
  sub: binary<'i32', 'i32'>('i32', 0x6b),
  mul: binary<'i32', 'i32'>('i32', 0x6c),
  divS: binary<'i32', 'i32'>('i32', 0x6d),
  divU: binary<'i32', 'i32'>('i32', 0x6e),
  remS: binary<'i32', 'i32'>('i32', 0x6f),
  remU: binary<'i32', 'i32'>('i32', 0x70),
  and: binary<'i32', 'i32'>('i32', 0x71),
  or: binary<'i32', 'i32'>('i32', 0x72),
  xor: binary<'i32', 'i32'>('i32', 0x73),
  shl: binary<'i32', 'i32'>('i32', 0x74),
  shrS: binary<'i32', 'i32'>('i32', 0x75),
  shrU: binary<'i32', 'i32'>('i32', 0x76),
  /** The low half. */
  wrap: unary<'i64', 'i32'>('i32', 0xa7),
}

export const i64 = {
  const: (value: bigint | number): Code<'i64'> => ({
    type: 'i64',
    piece: [0x42, ...signed(BigInt.asIntN(64, BigInt(value)))],
  }),
  load: load('i64', 0x29),
  load8U: load('i64', 0x31),
  load32S: load('i64', 0x34),
  load32U: load('i64', 0x35),
  store: store<'i64'>(0x37),
  eqz: unary<'i64', 'i32'>('i32', 0x50),
  eq: binary<'i64', 'i32'>('i32', 0x51),
  ne: binary<'i64', 'i32'>('i32', 0x52),
  ltS: binary<'i64', 'i32'>('i32', 0x53),
  ltU: binary<'i64', 'i32'>('i32', 0x54),
  gtS: binary<'i64', 'i32'>('i32', 0x55),
  gtU: binary<'i64', 'i32'>('i32', 0x56),
  leS: binary<'i64', 'i32'>('i32', 0x57),
  leU: binary<'i64', 'i32'>('i32', 0x58),
  geS: binary<'i64', 'i32'>('i32', 0x59),
  geU: binary<'i64', 'i32'>('i32', 0x5a),
  clz: unary<'i64', 'i64'>('i64', 0x79),
  ctz: unary<'i64', 'i64'>('i64', 0x7a),
  add: binary<'i64', 'i64'>('i64', 0x7c),
  sub: binary<'i64', 'i64'>('i64', 0x7d),
  mul: binary<'i64', 'i64'>('i64', 0x7e),
  divS: binary<'i64', 'i64'>('i64', 0x7f),
  divU: binary<'i64', 'i64'>('i64', 0x80),
  remS: binary<'i64', 'i64'>('i64', 0x81),
  remU: binary<'i64', 'i64'>('i64', 0x82),
  and: binary<'i64', 'i64'>('i64', 0x83),
  or: binary<'i64', 'i64'>('i64', 0x84),
  xor: binary<'i64', 'i64'>('i64', 0x85),
  shl: binary<'i64', 'i64'>('i64', 0x86),
  shrS: binary<'i64', 'i64'>('i64', 0x87),
  shrU: binary<'i64', 'i64'>('i64', 0x88),
  extendS: unary<'i32', 'i64'>('i64', 0xac),
  extendU: unary<'i32', 'i64'>('i64', 0xad),
}

const storeF32 = store<'f64'>(0x38)

export const f64 = {
  load: load('f64', 0x2b),
  store: store<'f64'>(0x39),
  /** In four bytes, rounded. */
  storeSingle: (address: Code<'i32'>, value: Code<'f64'>, offset?: number): Statement =>
    storeF32(address, { type: 'f64', piece: [value.piece, 0xb6] }, offset),
  neg: unary<'f64', 'f64'>('f64', 0x9a),
  add: binary<'f64', 'f64'>('f64', 0xa0),
  sub: binary<'f64', 'f64'>('f64', 0xa1),
  mul: binary<'f64', 'f64'>('f64', 0xa2),
  div: binary<'f64', 'f64'>('f64', 0xa3),
  convertS: unary<'i64', 'f64'>('f64', 0xb9),
}

/** Sixteen bytes. */
export const v128 = {
  load: load('v128', 0xfd, 0x00),
  store: store<'v128'>(0xfd, 0x0b),
  /** All bytes the same. */
  splat8: (byte: number): Code<'v128'> => ({
    type: 'v128',
    piece: [0xfd, 0x0c, ...Array.from({ length: 16 }, () => byte)],
  }),
  and: binary<'v128', 'v128'>('v128', 0xfd, 0x4e),
  andNot: binary<'v128', 'v128'>('v128', 0xfd, 0x4f),
  or: binary<'v128', 'v128'>('v128', 0xfd, 0x50),
  xor: binary<'v128', 'v128'>('v128', 0xfd, 0x51),
  anyTrue: unary<'v128', 'i32'>('i32', 0xfd, 0x53),
  eq8: binary<'v128', 'v128'>('v128', 0xfd, 0x23),
  /** Bytes taken as unsigned. */
  ge8U: binary<'v128', 'v128'>('v128', 0xfd, 0x2c),
  /** Bit i is the highest bit of byte i. */
  bitmask8: unary<'v128', 'i32'>('i32', 0xfd, 0x64),
  shl64: shift(0xfd, 0xcb, 0x01),
  add8: binary<'v128', 'v128'>('v128', 0xfd, 0x6e),
  sub8: binary<'v128', 'v128'>('v128', 0xfd, 0x71),
}

/** One statement of several. */
export function sequence(...statements: readonly Statement[]): Statement {
  return { type: 'void', piece: statements.map((statement) => statement.piece) }
}

export function ifThen(condition: Code<'i32'>, ...body: readonly Statement[]): Statement {
  return {
    type: 'void',
    piece: [condition.piece, { block: [0x04, 0x40], label: undefined, body: sequence(...body).piece }],
  }
}

export function ifElse(condition: Code<'i32'>, yes: Statement, no: Statement): Statement {
  return {
    type: 'void',
    piece: [condition.piece, { block: [0x04, 0x40], label: undefined, body: [yes.piece, 0x05, no.piece] }],
  }
}

/** Both are evaluated. */
export function select<T extends WasmType>(condition: Code<'i32'>, yes: Code<T>, no: Code<T>): Code<T> {
  const opcode = yes.type === 'v128' ? [0x1c, 1, TYPE_CODES.v128] : [0x1b]
  return { type: yes.type, piece: [yes.piece, no.piece, condition.piece, ...opcode] }
}

export function block(label: Label, ...body: readonly Statement[]): Statement {
  return { type: 'void', piece: { block: [0x02, 0x40], label, body: sequence(...body).piece } }
}

/** Ends with its last statement; a branch to the label begins anew. */
export function loop(label: Label, ...body: readonly Statement[]): Statement {
  return { type: 'void', piece: { block: [0x03, 0x40], label, body: sequence(...body).piece } }
}

export function branch(target: Label): Statement {
  return { type: 'void', piece: { opcode: 0x0c, target } }
}

export function branchIf(condition: Code<'i32'>, target: Label): Statement {
  return { type: 'void', piece: [condition.piece, { opcode: 0x0d, target }] }
}

export function returnValue(value?: Code<WasmType>): Statement {
  return { type: 'void', piece: [value?.piece ?? [], 0x0f] }
}

/** The value is not used. */
export function drop(value: Code<WasmType>): Statement {
  return { type: 'void', piece: [value.piece, 0x1a] }
}

/** Bytes of a function's body; branches get their depths. */
export function flatten(piece: Piece): number[] {
  const bytes: number[] = []
  const enclosing: (Label | undefined)[] = []
  const add = (part: Piece): void => {
    if (typeof part === 'number') bytes.push(part)
    else if ('target' in part) {
      const depth = enclosing.toReversed().indexOf(part.target)
      if (depth < 0) throw new Error(`a branch leaves for "${part.target.name}", which is not around it`)
      bytes.push(part.opcode, ...unsigned(depth))
    } else if ('block' in part) {
      bytes.push(...part.block)
      enclosing.push(part.label)
      add(part.body)
      enclosing.pop()
      bytes.push(0x0b)
    } else for (const inner of part) add(inner)
  }
  add(piece)
  return bytes
}
