/**
 * The encoding kernel: WebAssembly that writes the rows of columns in linear memory as JSON records there. It stops
 * where it cannot write a value (a year that has not four digits), and leaves the batch to the general code.
 */
import {
  block,
  branch,
  branchIf,
  type Code,
  i32,
  i64,
  ifElse,
  ifThen,
  Label,
  type Local,
  loop,
  returnValue,
  sequence,
  type Statement,
} from '../../../core/wasm/code.ts'
import type { LinearMemory } from '../../../core/wasm/memory.ts'
import { type WasmFunction, WasmModule } from '../../../core/wasm/module.ts'
import { civilFromDays } from '../../../core/datetime-text.ts'
import { invariant } from '../../../core/errors.ts'
import { type Field, physicalKind, type SqlType, unitsPerMillisecond } from '../../../core/types.ts'
import { definePut, type PutFunctions } from './put.ts'
import type { RecordSyntax } from './syntax.ts'

/** Words of the table that says where a column is: values or starts, lengths, text, NULLs (0: none). */
export const COLUMN_WORDS = 4

/** What `encode` gives where it stopped for good. */
export const STOPPED = -1

export interface EncodeKernel {
  /**
   * Rows `from … to)` to the address `out`, as long as they surely end before `end`.
   *
   * @param table address of the columns' places
   * @param starts address of an array for where records begin, counted from `origin`; `lengths` likewise
   * @returns the first row not written, or STOPPED
   */
  encode(
    table: number,
    from: number,
    to: number,
    out: number,
    end: number,
    origin: number,
    starts: number,
    lengths: number,
  ): number
  /** Address behind the last record. */
  position(): number
}

export interface EncodeKernelRequest {
  readonly memory: LinearMemory
  readonly fields: readonly Field[]
  readonly syntax: RecordSyntax
  /** The memory as it is now. */
  readonly bytes: () => Uint8Array
  readonly owner: object
}

/** Whether a kernel can write columns of the type. */
export function isEncodable(type: SqlType, plainDecimals: boolean): boolean {
  switch (type.kind) {
    case 'BOOLEAN':
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT':
    case 'BIGINT':
    case 'DATE':
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
    case 'CHAR':
    case 'VARCHAR':
      return true
    case 'DECIMAL':
      return type.precision <= 18 && type.scale <= (plainDecimals ? 8 : 6)
    default:
      return false
  }
}

interface ColumnLocals {
  readonly values: Local<'i32'>
  readonly lengths: Local<'i32'>
  readonly text: Local<'i32'>
  readonly nulls: Local<'i32'>
}

export function createEncodeKernel(request: EncodeKernelRequest): EncodeKernel {
  const { memory, syntax, owner, bytes } = request
  const module = new WasmModule()
  const dateText = module.imported('dateText', ['i32', 'i32'], 'i32')
  const put = definePut({ module, memory, dateText, separator: syntax.timeSeparator, owner })
  defineEncode(module, request, put)
  return module.instantiate(memory, {
    dateText: (address: number, days: number): number => (writeDate(bytes(), address, days) ? 1 : 0),
  }) as unknown as EncodeKernel
}

/** `yyyy-MM-dd`, ten bytes; false: the year has not four digits. */
function writeDate(bytes: Uint8Array, at: number, days: number): boolean {
  const { year, month, day } = civilFromDays(days)
  if (year < 0 || year > 9999) return false
  const text = [String(year).padStart(4, '0'), String(month).padStart(2, '0'), String(day).padStart(2, '0')].join('-')
  for (let index = 0; index < text.length; index++) bytes[at + index] = text.charCodeAt(index)
  return true
}

/** Text of numbers, dates and NULL needs no more than this. */
const MAX_SCALAR = 48

function defineEncode(module: WasmModule, request: EncodeKernelRequest, put: PutFunctions): void {
  const { fields, syntax } = request
  const position = module.global('i32')
  const encode = module.function('encode', 'i32')
  const [table, row, to, out, end, origin, starts, lengths] = [
    encode.parameter('i32'),
    encode.parameter('i32'),
    encode.parameter('i32'),
    encode.parameter('i32'),
    encode.parameter('i32'),
    encode.parameter('i32'),
    encode.parameter('i32'),
    encode.parameter('i32'),
  ]
  const [start, need] = [encode.local('i32'), encode.local('i32')]
  const columns = fields.map(
    (): ColumnLocals => ({
      values: encode.local('i32'),
      lengths: encode.local('i32'),
      text: encode.local('i32'),
      nulls: encode.local('i32'),
    }),
  )
  const code = new RowCode(encode, syntax, put, syntax.defineText(module), row, out)
  const word = (index: number, at: number): Code<'i32'> => i32.load(table, 4 * (COLUMN_WORDS * index + at))
  const scalar = MAX_SCALAR + syntax.nullText.length
  const fixed = syntax.before.reduce((sum, before) => sum + before.length + scalar, syntax.end.length + 32)
  const [next, done] = [new Label('row'), new Label('rows')]
  const row4 = i32.shl(row, i32.const(2))
  encode.define(
    ...columns.flatMap((column, index) => [
      column.values.set(word(index, 0)),
      column.lengths.set(word(index, 1)),
      column.text.set(word(index, 2)),
      column.nulls.set(word(index, 3)),
    ]),
    block(
      done,
      loop(
        next,
        branchIf(i32.geU(row, to), done),
        need.set(i32.const(fixed)),
        ...columns.flatMap((column, index) => {
          if (physicalKind((fields[index] as Field).type) !== 'bytes') return []
          return [need.set(i32.add(need, i32.mul(i32.load(i32.add(column.lengths, row4)), i32.const(6))))]
        }),
        branchIf(i32.gtU(i32.add(out, need), end), done),
        start.set(out),
        ...columns.flatMap((column, index) =>
          code.field(fields[index] as Field, syntax.before[index] as Buffer, column),
        ),
        code.constant(syntax.end),
        i32.store(i32.add(starts, row4), i32.sub(start, origin)),
        i32.store(i32.add(lengths, row4), i32.sub(i32.sub(out, start), i32.const(syntax.terminatorLength))),
        row.set(i32.add(row, i32.const(1))),
        branch(next),
      ),
    ),
    position.set(out),
    row,
  )
  module.export(encode)
  const getPosition = module.function('position', 'i32')
  module.export(getPosition.define(position))
}

/** Code that writes one row. */
class RowCode {
  readonly #syntax: RecordSyntax
  readonly #put: PutFunctions
  readonly #text: WasmFunction<'i32'>
  readonly #row: Local<'i32'>
  readonly #out: Local<'i32'>
  readonly #value: Local<'i64'>
  readonly #part: Local<'i64'>

  constructor(
    encode: WasmFunction<'i32'>,
    syntax: RecordSyntax,
    put: PutFunctions,
    text: WasmFunction<'i32'>,
    row: Local<'i32'>,
    out: Local<'i32'>,
  ) {
    this.#syntax = syntax
    this.#put = put
    this.#text = text
    this.#row = row
    this.#out = out
    this.#value = encode.local('i64')
    this.#part = encode.local('i64')
  }

  field({ type }: Field, before: Buffer, column: ColumnLocals): Statement[] {
    const isNull = i32.load8U(i32.add(column.nulls, this.#row))
    const [done, present] = [new Label('field'), new Label('present')]
    return [
      this.constant(before),
      block(
        done,
        block(
          present,
          branchIf(i32.eqz(column.nulls), present),
          branchIf(i32.eqz(isNull), present),
          this.constant(this.#syntax.nullText),
          branch(done),
        ),
        this.#write(type, column),
      ),
    ]
  }

  /** Bytes behind the last word of eight may be overwritten. */
  constant(bytes: Buffer): Statement {
    if (bytes.length === 0) return sequence()
    const padded = Buffer.alloc((bytes.length + 7) & ~7)
    bytes.copy(padded)
    const stores: Statement[] = []
    for (let at = 0; at < bytes.length; at += 8) {
      const rest = bytes.length - at
      if (rest === 1) stores.push(i32.store8(this.#out, i32.const(bytes[at] as number), at))
      else if (rest <= 4) stores.push(i32.store(this.#out, i32.const(padded.readInt32LE(at)), at))
      else stores.push(i64.store(this.#out, i64.const(padded.readBigInt64LE(at)), at))
    }
    return sequence(...stores, this.#advance(bytes.length))
  }

  #advance(bytes: number): Statement {
    return this.#out.set(i32.add(this.#out, i32.const(bytes)))
  }

  #byte(value: number): Statement {
    return sequence(i32.store8(this.#out, i32.const(value)), this.#advance(1))
  }

  /** Address of the row's value, of 2^`shift` bytes. */
  #at(column: ColumnLocals, shift: number): Code<'i32'> {
    return i32.add(column.values, i32.shl(this.#row, i32.const(shift)))
  }

  #write(type: SqlType, column: ColumnLocals): Statement {
    const out = this.#out
    switch (type.kind) {
      case 'BOOLEAN':
        return ifElse(
          i32.load8U(this.#at(column, 0)),
          this.constant(Buffer.from('true')),
          this.constant(Buffer.from('false')),
        )
      case 'TINYINT':
        return this.#integer(i64.extendS(i32.load8S(this.#at(column, 0))))
      case 'SMALLINT':
        return this.#integer(i64.extendS(i32.load16S(this.#at(column, 1))))
      case 'INT':
        return this.#integer(i64.load32S(this.#at(column, 2)))
      case 'BIGINT':
        return this.#integer(i64.load(this.#at(column, 3)))
      case 'DECIMAL':
        return this.#decimal(type.scale, column)
      case 'DATE':
        return this.#quoted(
          this.#syntax.dateQuote,
          out.set(this.#put.date.call(out, i32.load(this.#at(column, 2)))),
          this.#stopIfNone(),
        )
      case 'TIMESTAMP':
      case 'TIMESTAMP_LTZ':
        return this.#quoted(
          this.#syntax.timestampQuote,
          this.#timestamp(type.precision, column),
          this.#stopIfNone(),
          ...(type.kind === 'TIMESTAMP_LTZ' ? [this.#byte(90)] : []),
        )
      default: {
        invariant(physicalKind(type) === 'bytes', 'a kernel writes texts, numbers and times')
        const start = i32.add(column.text, i32.load(this.#at(column, 2)))
        const length = i32.load(i32.add(column.lengths, i32.shl(this.#row, i32.const(2))))
        return out.set(this.#text.call(out, start, length))
      }
    }
  }

  #quoted(quote: number | undefined, ...value: readonly Statement[]): Statement {
    return quote === undefined ? sequence(...value) : sequence(this.#byte(quote), ...value, this.#byte(quote))
  }

  #stopIfNone(): Statement {
    return ifThen(i32.ltS(this.#out, i32.const(0)), returnValue(i32.const(STOPPED)))
  }

  #integer(value: Code<'i64'>): Statement {
    return this.#out.set(this.#put.long.call(this.#out, value))
  }

  /** With all digits of the scale. */
  #decimal(scale: number, column: ColumnLocals): Statement {
    if (scale === 0) return this.#integer(i64.load(this.#at(column, 3)))
    const out = this.#out
    const [value, whole] = [this.#value, this.#part]
    const unit = i64.const(10 ** scale)
    const rest = this.#put.digits.call(i32.wrap(i64.sub(value, i64.mul(whole, unit))))
    return sequence(
      value.set(i64.load(this.#at(column, 3))),
      ifThen(i64.ltS(value, i64.const(0)), this.#byte(45), value.set(i64.sub(i64.const(0), value))),
      whole.set(i64.divU(value, unit)),
      out.set(this.#put.unsigned.call(out, whole)),
      this.#byte(46),
      i64.store(out, i64.shrU(i64.or(rest, i64.const(0x3030303030303030n)), i64.const(64 - 8 * scale))),
      this.#advance(scale),
    )
  }

  #timestamp(precision: number, column: ColumnLocals): Statement {
    const [value, seconds] = [this.#value, this.#part]
    const perSecond = 1000n * unitsPerMillisecond(precision)
    const rest = i32.wrap(i64.sub(value, i64.mul(seconds, i64.const(perSecond))))
    const nanos = i32.mul(rest, i32.const(Number(1_000_000_000n / perSecond)))
    return sequence(
      value.set(i64.load(this.#at(column, 3))),
      seconds.set(i64.divS(value, i64.const(perSecond))),
      ifThen(i64.gtS(i64.mul(seconds, i64.const(perSecond)), value), seconds.set(i64.sub(seconds, i64.const(1)))),
      this.#out.set(this.#put.timestamp.call(this.#out, seconds, nanos)),
    )
  }
}
