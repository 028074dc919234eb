/**
 * The decoding kernel: WebAssembly that reads records of one order of fields from linear memory into the arrays of the
 * columns, which are there too. It stops at a record that has anything else in it, whitespace but for a space behind
 * each comma and colon, exponents, values of other kinds, and leaves it to the general code.
 */
import {
  block,
  branch,
  branchIf,
  type Code,
  f64,
  type Global,
  i32,
  i64,
  ifElse,
  ifThen,
  Label,
  type Local,
  returnValue,
  select,
  sequence,
  type Statement,
} from '../../../../core/wasm/code.ts'
import type { LinearMemory } from '../../../../core/wasm/memory.ts'
import { type WasmFunction, WasmModule } from '../../../../core/wasm/module.ts'
import { invariant } from '../../../../core/errors.ts'
import { type SqlType, timestampUnit } from '../../../../core/types.ts'
import { BytesWriter, FixedWriter } from '../../column-writer.ts'
import { quickDate } from '../../quick-parse.ts'
import type { TimestampStandard } from '../../scalar-text.ts'
import type { FastColumn } from '../fast-path.ts'
import type { KernelField } from './layout.ts'
import { defineLines, defineSlices } from './loops.ts'
import {
  type DecimalFunction,
  defineDecimal,
  defineTimes,
  NO_DATE,
  type NumberLocals,
  readInteger,
  readTimeOfDay,
  skipInteger,
  type TimeFunctions,
} from './numbers.ts'
import { defineSkip } from './skip.ts'
import { createTables, type Tables } from './tables.ts'
import { BACKSLASH, defineText, differs, FAILED, findSpecial, QUOTE, type TextFunctions } from './text.ts'

export interface Kernel {
  /**
   * Records that end with a line end before `end`, into rows from `row` up to `limit`.
   *
   * @param position an address, as are `end` and the result
   * @param base address of what the starts of strings count from
   * @returns the beginning of the first line that was not read
   */
  lines(position: number, end: number, row: number, limit: number, base: number): number
  /**
   * Records `from … to)` by the starts (from `base`) and lengths at two addresses, into rows from `row` on.
   *
   * @returns the first record that was not read
   */
  slices(starts: number, lengths: number, from: number, to: number, row: number, base: number): number
  /** Rows are there up to this one. */
  rows(): number
}

export interface KernelRequest {
  readonly memory: LinearMemory
  /** The arrays of their columns are in the memory and stay where they are. */
  readonly fields: readonly KernelField[]
  readonly timestamps: TimestampStandard
  /** Address of one 32-bit number for each target, made 1 where a row is NULL. */
  readonly flags: number
  /** The memory as it is now. */
  readonly bytes: () => Uint8Array
}

export function createKernel(request: KernelRequest): Kernel {
  const { memory, bytes } = request
  const module = new WasmModule()
  const daysOf = module.imported('daysOf', ['i32'], 'i32')
  const [rows, base] = [module.global('i32'), module.global('i32')]
  const code = new RecordCode(request, module, daysOf, base)
  defineLines(module, code, rows, base)
  defineSlices(module, code, rows, base)
  const getRows = module.function('rows', 'i32')
  module.export(getRows.define(rows))
  return module.instantiate(memory, {
    daysOf: (position: number): number => {
      const days = quickDate(bytes(), position)
      return Number.isNaN(days) ? NO_DATE : days
    },
  }) as unknown as Kernel
}

class RecordCode {
  /** Reads the record at an address into a row, and gives the address behind its brace or -1. */
  readonly record: WasmFunction<'i32'>
  readonly #request: KernelRequest
  readonly #base: Global<'i32'>
  readonly #tables: Tables
  readonly #text: TextFunctions
  readonly #skip: WasmFunction<'i32'>
  readonly #decimal: DecimalFunction
  readonly #times: TimeFunctions
  readonly #replaceEscapes: WasmFunction<'void'>
  readonly #p: Local<'i32'>
  readonly #row: Local<'i32'>
  /** The row times four. */
  readonly #row4: Local<'i32'>
  readonly #start: Local<'i32'>
  readonly #mask: Local<'i32'>
  /** Whether a string of the record has escapes. */
  readonly #escaped: Global<'i32'>
  readonly #vector: Local<'v128'>
  readonly #number: NumberLocals

  constructor(request: KernelRequest, module: WasmModule, daysOf: WasmFunction<'i32'>, base: Global<'i32'>) {
    this.#request = request
    this.#base = base
    this.#tables = createTables(request.memory, request)
    this.#text = defineText(module, this.#tables)
    this.#skip = defineSkip(module, this.#text)
    this.#decimal = defineDecimal(module)
    this.#times = defineTimes(module, daysOf, this.#tables)
    const record = module.function('record', 'i32')
    this.record = record
    this.#p = record.parameter('i32')
    this.#row = record.parameter('i32')
    this.#row4 = record.local('i32')
    this.#start = record.local('i32')
    this.#mask = record.local('i32')
    this.#escaped = module.global('i32')
    this.#vector = record.local('v128')
    this.#number = {
      p: this.#p,
      negative: record.local('i64'),
      value: record.local('i64'),
      word: record.local('i64'),
      bits: record.local('i64'),
    }
    record.define(
      this.#row4.set(i32.shl(this.#row, i32.const(2))),
      this.#escaped.set(i32.const(0)),
      this.#object(request.fields),
      this.#p,
    )
    this.#replaceEscapes = this.#defineReplaceEscapes(module)
  }

  /** To be done when the record is known to be good: till then the general code must be able to read it again. */
  readonly finish = (row: Local<'i32'>): Statement => ifThen(this.#escaped, this.#replaceEscapes.call(row))

  #defineReplaceEscapes(module: WasmModule): WasmFunction<'void'> {
    const made = module.function('replaceEscapes', 'void')
    const row = made.parameter('i32')
    const row4 = made.local('i32')
    const texts = this.#request.fields.flatMap(({ column }) => (column === undefined ? [] : textsOf(column)))
    return made.define(
      row4.set(i32.shl(row, i32.const(2))),
      ...texts.map(({ starts, lengths }) => {
        const length = i32.load(row4, lengths.byteOffset)
        const start = i32.add(this.#base, i32.load(row4, starts.byteOffset))
        const left = this.#text.unescape.call(start, i32.xor(length, i32.const(-1)))
        return ifThen(i32.ltS(length, i32.const(0)), i32.store(row4, left, lengths.byteOffset))
      }),
      sequence(),
    )
  }

  /** An object with these fields in this order. */
  #object(fields: readonly KernelField[]): Statement {
    const parts = fields.flatMap(({ name, column, fields: inner }, index) => [
      this.#key(name, index === 0),
      column === undefined ? this.#skipValue() : this.#value(column, inner),
    ])
    return sequence(
      ...(fields.length === 0 ? [this.#expect('{')] : parts),
      this.#failIf(i32.ne(i32.load8U(this.#p), i32.const(125))),
      this.#advance(1),
    )
  }

  #advance(bytes: number): Statement {
    return this.#p.set(i32.add(this.#p, i32.const(bytes)))
  }

  #failIf(condition: Code<'i32'>): Statement {
    return ifThen(condition, returnValue(FAILED))
  }

  #expect(text: string): Statement {
    const bytes = Buffer.from(text)
    return sequence(this.#failIf(differs(this.#p, bytes)), this.#advance(bytes.length))
  }

  /** Brace or comma, key and colon: with no space, or with one behind each comma and colon. */
  #key(name: string, isFirst: boolean): Statement {
    const key = `${JSON.stringify(name)}:`
    const compact = Buffer.from(isFirst ? `{${key}` : `,${key}`)
    const spaced = isFirst ? returnValue(FAILED) : this.#expect(`, ${key}`)
    return sequence(
      ifElse(differs(this.#p, compact), spaced, this.#advance(compact.length)),
      ifThen(i32.eq(i32.load8U(this.#p), i32.const(32)), this.#advance(1)),
    )
  }

  /** Strings and short whole numbers are the usual ones. */
  #skipValue(): Statement {
    const p = this.#p
    const [done, unusual] = [new Label('skipped'), new Label('unusual')]
    return block(
      done,
      block(
        unusual,
        ifElse(
          i32.eq(i32.load8U(p), i32.const(QUOTE)),
          sequence(this.#start.set(p), this.#advance(1), this.#findQuote(this.#start, unusual), this.#advance(1)),
          skipInteger(this.#number, unusual),
        ),
        branch(done),
      ),
      this.#failIf(i32.ltS(p.tee(this.#skip.call(p, i32.const(1))), i32.const(0))),
    )
  }

  /** `p` goes to the closing quote, or back to `start` and to the label where the string has escapes. */
  #findQuote(start: Code<'i32'>, escaped: Label): Statement {
    const p = this.#p
    return sequence(
      findSpecial(p, this.#mask, this.#vector),
      ifThen(
        i32.ne(i32.load8U(p), i32.const(QUOTE)),
        this.#failIf(i32.ne(i32.load8U(p), i32.const(BACKSLASH))),
        p.set(start),
        branch(escaped),
      ),
    )
  }

  #value(column: FastColumn, inner: readonly KernelField[]): Statement {
    const [done, unusual] = [new Label('value'), new Label('null')]
    return block(
      done,
      block(unusual, this.#read(column, inner, unusual), branch(done)),
      // 'null'
      this.#failIf(i32.ne(i32.load(this.#p), i32.const(0x6c6c756e))),
      this.#advance(4),
      this.#setNull(column),
    )
  }

  #setNull(column: FastColumn): Statement {
    const { writer, target } = column
    return sequence(
      i32.store8(this.#row, i32.const(1), writer.nullMask().byteOffset),
      i32.store(i32.const(this.#request.flags + 4 * target), i32.const(1)),
      ...textsOf(column).flatMap(({ starts, lengths }) => [
        i32.store(this.#row4, i32.const(0), starts.byteOffset),
        i32.store(this.#row4, i32.const(0), lengths.byteOffset),
      ]),
    )
  }

  /** Reads a value; goes to the label, `p` where it was, where it may be NULL. */
  #read(column: FastColumn, inner: readonly KernelField[], unusual: Label): Statement {
    const { type, writer } = column
    const p = this.#p
    if (type.kind === 'ROW') {
      return sequence(branchIf(i32.ne(i32.load8U(p), i32.const(123)), unusual), this.#object(inner))
    }
    if (writer instanceof BytesWriter) return this.#readText(writer, unusual)
    invariant(writer instanceof FixedWriter, 'a kernel reads texts, numbers and rows')
    const { byteOffset } = writer.values
    switch (type.kind) {
      case 'BOOLEAN':
        return this.#readBoolean(byteOffset, unusual)
      case 'TINYINT':
        return this.#readSmallInteger(-128, 127, unusual, (value) => i32.store8(this.#row, value, byteOffset))
      case 'SMALLINT': {
        const at = i32.shl(this.#row, i32.const(1))
        return this.#readSmallInteger(-32_768, 32_767, unusual, (value) => i32.store16(at, value, byteOffset))
      }
      case 'INT':
        return this.#readSmallInteger(-2_147_483_648, 2_147_483_647, unusual, (value) =>
          i32.store(this.#row4, value, byteOffset),
        )
      case 'BIGINT':
        return sequence(readInteger(this.#number, this.#tables, unusual), this.#storeLong(byteOffset))
      case 'DOUBLE':
      case 'FLOAT':
        return this.#readDouble(type.kind, byteOffset, unusual)
      case 'DECIMAL':
        return this.#readDecimal(type.precision, type.scale, byteOffset, unusual)
      case 'DATE':
        return this.#readDate(byteOffset, unusual)
      case 'TIMESTAMP':
      case 'TIMESTAMP_LTZ':
        return this.#readTimestamp(type, byteOffset, unusual)
      default:
        throw new Error(`a kernel reads no ${type.kind}`)
    }
  }

  #row8(): Code<'i32'> {
    return i32.shl(this.#row, i32.const(3))
  }

  #storeLong(byteOffset: number): Statement {
    return i64.store(this.#row8(), this.#number.value, byteOffset)
  }

  #readText({ starts, lengths }: BytesWriter, unusual: Label): Statement {
    const p = this.#p
    const start = this.#start
    const escaped = new Label('escaped')
    const done = new Label('text')
    const length = i32.sub(p, start)
    return sequence(
      branchIf(i32.ne(i32.load8U(p), i32.const(QUOTE)), unusual),
      start.set(p.tee(i32.add(p, i32.const(1)))),
      i32.store(this.#row4, i32.sub(start, this.#base), starts.byteOffset),
      block(
        done,
        block(
          escaped,
          this.#findQuote(start, escaped),
          i32.store(this.#row4, length, lengths.byteOffset),
          branch(done),
        ),
        this.#failIf(i32.ltS(p.tee(this.#text.closingQuote.call(p)), i32.const(0))),
        // A negative length says that there are escapes.
        i32.store(this.#row4, i32.xor(length, i32.const(-1)), lengths.byteOffset),
        this.#escaped.set(i32.const(1)),
      ),
      this.#advance(1),
    )
  }

  #readBoolean(byteOffset: number, unusual: Label): Statement {
    const p = this.#p
    const isTrue = i32.eq(i32.load(p), i32.const(0x65757274))
    const isFalse = i32.and(i32.eq(i32.load(p), i32.const(0x736c6166)), i32.eq(i32.load8U(p, 4), i32.const(101)))
    return ifElse(
      isTrue,
      sequence(i32.store8(this.#row, i32.const(1), byteOffset), this.#advance(4)),
      sequence(branchIf(i32.eqz(isFalse), unusual), i32.store8(this.#row, i32.const(0), byteOffset), this.#advance(5)),
    )
  }

  #readSmallInteger(least: number, most: number, unusual: Label, store: (value: Code<'i32'>) => Statement): Statement {
    const { value } = this.#number
    const isOutside = i32.or(i64.ltS(value, i64.const(least)), i64.gtS(value, i64.const(most)))
    return sequence(readInteger(this.#number, this.#tables, unusual), this.#failIf(isOutside), store(i32.wrap(value)))
  }

  /** Digits, fraction and sign of the number at `p`, which moves behind it. */
  #readDigits(unusual: Label): Statement {
    const p = this.#p
    return sequence(
      branchIf(i32.eq(i32.load8U(p), i32.const(110)), unusual),
      this.#failIf(i32.ltS(p.tee(this.#decimal.read.call(p)), i32.const(0))),
    )
  }

  /** Both digits and power of ten are exact, and so the quotient is rounded once. */
  #readDouble(kind: 'DOUBLE' | 'FLOAT', byteOffset: number, unusual: Label): Statement {
    const { digits, fraction, negative } = this.#decimal
    const quotient = f64.div(f64.convertS(digits), f64.convertS(this.#tables.power(fraction)))
    const value = select(negative, f64.neg(quotient), quotient)
    return sequence(
      this.#readDigits(unusual),
      kind === 'DOUBLE' ? f64.store(this.#row8(), value, byteOffset) : f64.storeSingle(this.#row4, value, byteOffset),
    )
  }

  #readDecimal(precision: number, scale: number, byteOffset: number, unusual: Label): Statement {
    const { digits, fraction, negative } = this.#decimal
    const { value, word } = this.#number
    const missing = i32.sub(i32.const(scale), fraction)
    const wholeDigits = Math.min(precision, 18)
    const store =
      precision <= 18
        ? this.#storeLong(byteOffset)
        : sequence(
            word.set(i64.shrS(value, i64.const(63))),
            i64.store(i32.shl(this.#row, i32.const(4)), value, byteOffset),
            i64.store(i32.shl(this.#row, i32.const(4)), word, byteOffset + 8),
          )
    return sequence(
      this.#readDigits(unusual),
      this.#failIf(i32.gtU(fraction, i32.const(scale))),
      this.#failIf(i32.gtS(missing, i32.const(wholeDigits))),
      // Below a power of ten now is below another one when zeros are added.
      this.#failIf(i64.geU(digits, this.#tables.power(i32.sub(i32.const(wholeDigits), missing)))),
      value.set(i64.mul(digits, this.#tables.power(missing))),
      value.set(select(negative, i64.sub(i64.const(0), value), value)),
      store,
    )
  }

  /** Days of the date behind the quote at `p`, into `mask`. */
  #readDays(unusual: Label): Statement {
    const p = this.#p
    return sequence(
      branchIf(i32.ne(i32.load8U(p), i32.const(QUOTE)), unusual),
      this.#mask.set(this.#times.days.call(i32.add(p, i32.const(1)))),
      this.#failIf(i32.eq(this.#mask, i32.const(NO_DATE))),
    )
  }

  #readDate(byteOffset: number, unusual: Label): Statement {
    return sequence(
      this.#readDays(unusual),
      this.#failIf(i32.ne(i32.load8U(this.#p, 11), i32.const(QUOTE))),
      i32.store(this.#row4, this.#mask, byteOffset),
      this.#advance(12),
    )
  }

  #readTimestamp(type: SqlType & { readonly precision: number }, byteOffset: number, unusual: Label): Statement {
    const p = this.#p
    const { value } = this.#number
    const separator = this.#request.timestamps === 'SQL' ? 32 : 84
    const days = i64.extendS(this.#mask)
    const zone =
      type.kind === 'TIMESTAMP_LTZ' ? [this.#failIf(i32.ne(i32.load8U(p), i32.const(90))), this.#advance(1)] : []
    // Nanoseconds that 64 bits do not hold.
    const isFar = i32.gtU(i32.add(this.#mask, i32.const(106_751)), i32.const(2 * 106_751))
    return sequence(
      this.#readDays(unusual),
      ...(timestampUnit(type.precision) === 'nanosecond' ? [this.#failIf(isFar)] : []),
      this.#failIf(i32.ne(i32.load8U(p, 11), i32.const(separator))),
      readTimeOfDay(this.#number, 12, returnValue(FAILED)),
      value.set(i64.add(value, i64.mul(days, i64.const(86_400)))),
      this.#failIf(i32.ltS(p.tee(this.#times.fraction.call(i32.add(p, i32.const(20)))), i32.const(0))),
      ...zone,
      this.#failIf(i32.ne(i32.load8U(p), i32.const(QUOTE))),
      this.#advance(1),
      value.set(this.#unitsOf(type.precision)),
      this.#storeLong(byteOffset),
    )
  }

  /** Seconds in `value` and nanoseconds in the unit of the precision; digits beyond it are cut off. */
  #unitsOf(precision: number): Code<'i64'> {
    const { value } = this.#number
    const unit = timestampUnit(precision)
    const digits = unit === 'millisecond' ? 3 : unit === 'microsecond' ? 6 : 9
    const cut = i64.divU(this.#times.nanos, i64.const(10 ** (9 - precision)))
    const seconds = i64.mul(value, i64.const(10 ** digits))
    return i64.add(seconds, i64.mul(cut, i64.const(10 ** (digits - precision))))
  }
}

/** The texts in a column: where its rows are NULL, they are empty. */
function textsOf({ writer, children }: FastColumn): readonly BytesWriter[] {
  return writer instanceof BytesWriter ? [writer] : children.flatMap(textsOf)
}
