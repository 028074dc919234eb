/** Writes JavaScript for bound expressions: one statement list per row, values in local variables. */
import { invariant, MillraceError, unreachable } from '../../core/errors.ts'
import { physicalKind, type SqlType } from '../../core/types.ts'
import { childrenOf } from '../../planner/expression-rewrite.ts'
import type { Call, Cast, Expression, FieldAccess, InputRef, Literal } from '../../planner/expression.ts'
import type { Environment, ScalarFunction } from '../functions/function.ts'
import { userScalarFunction } from '../functions/user-function.ts'
import { generateCase, generateCoalesce, generateLogical } from './branches.ts'
import { generateCast } from './cast-code.ts'
import {
  emptyValue,
  eitherNull,
  type Fragment,
  representationOf,
  type ScalarFragment,
  type ViewFragment,
} from './fragment.ts'
import { type Leaf, leafOf } from './leaf-column.ts'
import { literalValue } from './literal.ts'

/** Variables for the arrays of a column; `zeros` stands for a mask that is not there. */
export function arraysOf(suffix: string, column: string, type: SqlType): string {
  const nulls = `n${suffix} = ${column}.nulls ?? zeros;`
  switch (physicalKind(type)) {
    case 'bytes':
      return `const d${suffix} = ${column}.data, s${suffix} = ${column}.starts, l${suffix} = ${column}.lengths, ${nulls}`
    case 'list':
    case 'map':
    case 'row':
    case 'null':
      return `const ${nulls}`
    default:
      return `const v${suffix} = ${column}.values, ${nulls}`
  }
}

/** What makes an expression besides its type and its parts. */
function ownKey(expression: Expression): readonly unknown[] {
  switch (expression.kind) {
    case 'input':
    case 'field':
      return [expression.kind, expression.index]
    case 'literal':
      return [expression.kind, expression.value]
    case 'call':
      return [expression.kind, expression.function]
    case 'cast':
      return [expression.kind, expression.safe]
    case 'case':
      return [expression.kind]
    default:
      return unreachable(expression)
  }
}

export interface GeneratorOptions {
  readonly environment: Environment
  readonly findFunction: (name: string) => ScalarFunction | undefined
  /** Code for an input that is not row `i` of a batch's column. */
  readonly readInput?: (generator: Generator, input: InputRef) => Fragment
  /** The code is only for batches in which no value of the columns it reads is NULL. */
  readonly noNulls?: boolean
  /** `rowStart` stands before the code. */
  readonly searchesOnce?: boolean
}

/** Where a value stands in its column. */
interface Place {
  /** Variable of the row. */
  readonly row: string
  /** An expression that is 1 where the value is NULL, else 0, by the variable of the column's mask. */
  readonly isNull: (mask: string) => string
}

const CURRENT_ROW: Place = { row: 'i', isNull: (mask) => `${mask}[i]` }
/** The same where it is known not to be NULL. */
const PRESENT_ROW: Place = { row: 'i', isNull: () => '0' }

/** What is known in a block of code. */
class Scope {
  readonly fragments = new Map<number, Fragment>()
  readonly notes = new Map<string, unknown>()
}

export class Generator {
  readonly environment: Environment
  readonly #noNulls: boolean
  readonly #searchesOnce: boolean
  readonly #findFunction: GeneratorOptions['findFunction']
  readonly #readInput: GeneratorOptions['readInput']
  readonly #constants: unknown[] = []
  readonly #leaves = new Map<string, Leaf>()
  readonly #ids = new WeakMap<Expression, number>()
  readonly #known = new Map<string, number>()
  /** Fragments by expression, a map for each block of code that is open: inner blocks see the outer ones' values. */
  #scopes: Scope[] = [new Scope()]
  #lines: string[] = []
  #names = 0

  constructor(options: GeneratorOptions) {
    this.environment = options.environment
    this.#noNulls = options.noNulls === true
    this.#searchesOnce = options.searchesOnce === true
    this.#findFunction = options.findFunction
    this.#readInput = options.readInput
  }

  /** Values of `c0`, `c1` … in order. */
  get constants(): readonly unknown[] {
    return this.#constants
  }

  /** Columns that the code reads, by the suffix of the variables for their arrays. */
  get leaves(): ReadonlyMap<string, Leaf> {
    return this.#leaves
  }

  name(prefix: string): string {
    return `${prefix}${this.#names++}`
  }

  constant(value: unknown): string {
    const at = this.#constants.indexOf(value)
    if (at >= 0) return `c${at}`
    this.#constants.push(value)
    return `c${this.#constants.length - 1}`
  }

  line(code: string): void {
    this.#lines.push(code)
  }

  /** The statements that `write` writes, not yet part of the code. */
  capture<T>(write: () => T): { readonly code: string; readonly result: T } {
    const [outer, scopes] = [this.#lines, this.#scopes]
    this.#lines = []
    this.#scopes = [...scopes, new Scope()]
    try {
      const result = write()
      return { code: this.#lines.join('\n'), result }
    } finally {
      this.#lines = outer
      this.#scopes = scopes
    }
  }

  /** What code before this, in an open block, has left behind under a key. */
  recall(key: string): unknown {
    return this.#scopes.findLast(({ notes }) => notes.has(key))?.notes.get(key)
  }

  remember(key: string, value: unknown): void {
    this.#scopes.at(-1)?.notes.set(key, value)
  }

  /** What stands several times in an expression, or in several expressions, is computed once. */
  compile(expression: Expression): Fragment {
    const id = this.#identify(expression)
    if (id < 0) return this.#compile(expression)
    for (const { fragments } of this.#scopes) {
      const known = fragments.get(id)
      if (known !== undefined) return known
    }
    const fragment = this.#onDemand(expression, id) ?? this.#compile(expression)
    this.#scopes.at(-1)?.fragments.set(id, fragment)
    return fragment
  }

  /**
   * Code for several blocks, of which the first that a row gets to computes the value: for texts that are looked for in
   * other texts.
   */
  #onDemand(expression: Expression, id: number): Fragment | undefined {
    if (!this.#searchesOnce || this.#scopes.length === 2 || expression.kind !== 'call') return undefined
    if (!expression.function.startsWith('REGEXP_')) return undefined
    const { code, result } = this.capture(() => this.#compile(expression))
    if (result.representation !== 'view' || result.source?.kind !== 'column') return undefined
    const [done, flag, start, length] = ['g', 'q', 's', 'l'].map((prefix) => `${prefix}_once${id}`)
    const declare = `let ${done} = false, ${flag} = 1, ${start} = 0, ${length} = 0;`
    if (!this.#rowStart.includes(declare)) this.#rowStart.push(declare)
    const keep = `${done} = true; ${flag} = ${result.isNull}; ${start} = ${result.start}; ${length} = ${result.length};`
    this.line(`if (!${done}) { ${code}\n${keep} }`)
    return { ...result, isNull: `${flag}`, start: `${start}`, length: `${length}` }
  }

  /** Equal expressions have equal numbers; -1 where two evaluations may give two values. */
  #identify(expression: Expression): number {
    const known = this.#ids.get(expression)
    if (known !== undefined) return known
    const id = this.#number(expression)
    this.#ids.set(expression, id)
    return id
  }

  #number(expression: Expression): number {
    const children = childrenOf(expression).map((child) => this.#identify(child))
    if (children.includes(-1)) return -1
    if (expression.kind === 'call' && this.#findFunction(expression.function)?.deterministic === false) return -1
    const key = JSON.stringify([ownKey(expression), expression.type, children])
    const found = this.#known.get(key)
    if (found !== undefined) return found
    this.#known.set(key, this.#known.size)
    return this.#known.size - 1
  }

  #compile(expression: Expression): Fragment {
    switch (expression.kind) {
      case 'input':
        return this.#input(expression)
      case 'literal':
        return this.literal(expression)
      case 'call':
        return this.#call(expression)
      case 'cast':
        return this.#cast(expression)
      case 'case':
        return generateCase(this, expression)
      case 'field':
        return this.#field(expression)
      default:
        return unreachable(expression)
    }
  }

  #input(expression: InputRef): Fragment {
    if (this.#readInput !== undefined) return this.#readInput(this, expression)
    return this.#leaf({ index: expression.index, path: [], type: expression.type })
  }

  /** The value of a row of a column whose arrays are in the variables `v`, `n` … with the given suffix. */
  readColumn(suffix: string, column: string, type: SqlType, place: Place = CURRENT_ROW): Fragment {
    const { row } = place
    const isNull = place.isNull(`n${suffix}`)
    switch (physicalKind(type)) {
      case 'bytes':
        return {
          representation: 'view',
          type,
          isNull,
          data: `d${suffix}`,
          start: `s${suffix}[${row}]`,
          length: `l${suffix}[${row}]`,
          source: { kind: 'column', name: `d${suffix}` },
        }
      case 'bool':
        return this.#read(type, isNull, 'boolean', `v${suffix}[${row}] === 1`)
      case 'i128':
        return this.#read(type, isNull, 'bigint', `readInt128(v${suffix}, ${row})`)
      case 'null':
        return { representation: 'object', type, isNull: '1', value: 'null' }
      case 'list':
      case 'map':
      case 'row':
        return this.#read(type, isNull, 'object', `readValue(${column}, ${this.constant(type)}, ${row})`)
      default:
        return this.#read(type, isNull, representationOf(type) as 'number', `v${suffix}[${row}]`)
    }
  }

  /** A boolean that is NULL must read as false, whatever the column holds. */
  #read(type: SqlType, isNull: string, representation: ScalarFragment['representation'], value: string): Fragment {
    const name = this.name('x')
    if (isNull === '0') {
      this.line(`const ${name} = ${value};`)
      return { representation, type, isNull, value: name }
    }
    const flag = this.name('q')
    this.line(`const ${flag} = ${isNull};`)
    this.line(`const ${name} = ${representation === 'boolean' ? `${flag} === 0 && ${value}` : value};`)
    return { representation, type, isNull: flag, value: name }
  }

  literal(expression: Literal): Fragment {
    const { type, value } = expression
    const representation = representationOf(type)
    if (value === null) return this.nullFragment(type)
    if (representation === 'view') {
      const known = literalValue(expression)
      invariant(typeof known === 'string' || known instanceof Uint8Array, 'a text or binary literal')
      const bytes = typeof known === 'string' ? new TextEncoder().encode(known) : known
      const text = typeof known === 'string' ? { literal: known } : {}
      return {
        representation,
        type,
        isNull: '0',
        data: this.constant(bytes),
        start: '0',
        length: String(bytes.length),
        source: undefined,
        ...text,
      }
    }
    if (representation === 'bigint')
      return { representation, type, isNull: '0', value: `${String(value)}n`, literal: value }
    if (representation === 'number') {
      return { representation, type, isNull: '0', value: numberText(Number(value)), literal: value }
    }
    return { representation, type, isNull: '0', value: String(value), literal: value }
  }

  nullFragment(type: SqlType): Fragment {
    const representation = representationOf(type)
    if (representation === 'view') {
      return {
        representation,
        type,
        isNull: '1',
        data: this.constant(EMPTY),
        start: '0',
        length: '0',
        source: undefined,
      }
    }
    return { representation, type, isNull: '1', value: emptyValue(representation), literal: null }
  }

  #call(expression: Call): Fragment {
    const definition =
      expression.user === undefined ? this.#findFunction(expression.function) : userScalarFunction(expression.user)
    if (definition === undefined) {
      throw new MillraceError('UNKNOWN_FUNCTION', `function "${expression.function}" does not exist`)
    }
    if (expression.function === 'AND' || expression.function === 'OR') return generateLogical(this, expression)
    if (LAZY.has(definition.name)) return generateCoalesce(this, expression)
    const whole = definition.generateWhole?.(this, expression)
    if (whole !== undefined) return whole
    const args = expression.args.map((arg) => this.compile(arg))
    const site = {
      argumentTypes: expression.args.map((arg) => arg.type),
      returnType: expression.type,
      literals: expression.args.map((arg) => (arg.kind === 'literal' ? arg.value : undefined)),
      environment: this.environment,
    }
    return (
      definition.generate?.(this, args, site) ??
      this.invoke(definition.evaluator(site), args, expression.type, definition.strict !== false)
    )
  }

  /**
   * A call of a JavaScript function over `Value`s.
   *
   * @param unless an expression that tells whether the call is needed, and the value where it is not
   */
  invoke(
    evaluate: (...args: never[]) => unknown,
    args: readonly Fragment[],
    type: SqlType,
    strict: boolean,
    unless?: { readonly test: string; readonly value: string },
  ): Fragment {
    const isNull = strict ? eitherNull(args) : '0'
    const out = this.name('r')
    const flag = this.name('q')
    this.line(`let ${out} = null, ${flag} = 1;`)
    const always = `${out} = ${this.constant(evaluate)}(${args.map((arg) => this.asValue(arg, !strict)).join(', ')}); ${flag} = ${out} === null ? 1 : 0;`
    const call =
      unless === undefined
        ? always
        : `if (${unless.test}) { ${always} } else { ${out} = ${unless.value}; ${flag} = ${unless.value === 'null' ? 1 : 0}; }`
    this.line(isNull === '0' ? call : `if (${isNull} === 0) { ${call} }`)
    return this.fromValue(out, flag, type)
  }

  /** A `Value` in a variable as a fragment of its type. */
  fromValue(value: string, isNull: string, type: SqlType): Fragment {
    const representation = representationOf(type)
    if (representation === 'object') return { representation, type, isNull, value }
    if (representation === 'view') {
      const start = this.name('s_')
      this.line(
        `let ${start} = 0; if (${isNull} === 0) { ${isText(type) ? `arena.putText(${value})` : `arena.putBytes(${value})`}; ${start} = arena.start; }`,
      )
      const length = this.name('l_')
      this.line(`const ${length} = ${isNull} === 0 ? arena.size - ${start} : 0;`)
      return { representation, type, isNull, data: 'arena.data', start, length, source: { kind: 'arena' } }
    }
    const plain = this.name('x')
    this.line(`const ${plain} = ${isNull} === 0 ? ${value} : ${emptyValue(representation)};`)
    return { representation, type, isNull, value: plain }
  }

  /** An expression for the fragment as a `Value`; NULL is only told where `nullable`. */
  asValue(fragment: Fragment, nullable: boolean): string {
    const plain = fragment.representation === 'view' ? this.#viewValue(fragment) : fragment.value
    return nullable && fragment.isNull !== '0' ? `(${fragment.isNull} === 1 ? null : ${plain})` : plain
  }

  #viewValue(fragment: ViewFragment): string {
    if (fragment.literal !== undefined) return this.constant(fragment.literal)
    const place = `${fragment.data}, ${fragment.start}, ${fragment.length}`
    return isText(fragment.type)
      ? `decodeText(${place})`
      : `${fragment.data}.slice(${fragment.start}, ${fragment.start} + ${fragment.length})`
  }

  /** What is written here stands in a block of its own. */
  nested<T>(write: () => T): T {
    const scopes = this.#scopes
    this.#scopes = [...scopes, new Scope()]
    try {
      return write()
    } finally {
      this.#scopes = scopes
    }
  }

  /** Variables that branches assign to. */
  variables(type: SqlType): { readonly fragment: Fragment; readonly assign: (value: Fragment) => string } {
    const representation = representationOf(type)
    const flag = this.name('q')
    if (representation === 'view') {
      const [data, start, length] = [this.name('d_'), this.name('s_'), this.name('l_')]
      this.line(`let ${flag} = 1, ${data} = ${this.constant(EMPTY)}, ${start} = 0, ${length} = 0;`)
      return {
        fragment: { representation, type, isNull: flag, data, start, length, source: undefined },
        assign: (value) => {
          const view = this.asView(value)
          return `${flag} = ${view.isNull}; ${data} = ${view.data}; ${start} = ${view.start}; ${length} = ${view.length};`
        },
      }
    }
    // In an array a 64-bit number stays a machine integer; a variable of several branches holds a BigInt.
    const inArray = physicalKind(type) === 'i64'
    const name = inArray ? `${this.constant(new BigInt64Array(1))}[0]` : this.name('y')
    this.line(`let ${flag} = 1; ${inArray ? '' : 'let '}${name} = ${emptyValue(representation)};`)
    return {
      fragment: { representation, type, isNull: flag, value: name },
      assign: (value) => `${flag} = ${value.isNull}; ${name} = ${(value as ScalarFragment).value};`,
    }
  }

  asView(fragment: Fragment): ViewFragment {
    if (fragment.representation === 'view') return fragment
    const view = this.nullFragment(fragment.type)
    invariant(view.representation === 'view', 'only NULL has no bytes')
    return view
  }

  #cast(expression: Cast): Fragment {
    return generateCast(this, this.compile(expression.input), expression.type, expression.safe)
  }

  #field(expression: FieldAccess): Fragment {
    const leaf = leafOf(expression)
    if (leaf !== undefined) return this.#leaf(leaf)
    const input = this.compile(expression.input) as ScalarFragment
    const out = this.name('f')
    this.line(`const ${out} = ${input.isNull} === 1 ? null : ${input.value}[${expression.index}];`)
    const flag = this.name('q')
    this.line(`const ${flag} = ${out} === null ? 1 : 0;`)
    return this.fromValue(out, flag, expression.type)
  }

  /** A chain of field accesses from an input column reads the child column as if it were an input. */
  #leaf(leaf: Leaf): Fragment {
    const suffix = [leaf.index, ...leaf.path].join('_')
    this.#leaves.set(suffix, leaf)
    return this.readColumn(suffix, `col${suffix}`, leaf.type, this.#noNulls ? PRESENT_ROW : CURRENT_ROW)
  }

  readonly #rowStart: string[] = []

  /** Declarations that each row begins with. */
  get rowStart(): readonly string[] {
    return this.#rowStart
  }

  readonly #prologue: string[] = []

  /** A statement that runs before the loop over the rows. */
  onceABatch(code: string): void {
    if (!this.#prologue.includes(code)) this.#prologue.push(code)
  }

  /** Statements that run once a batch, before the loop. */
  get prologue(): readonly string[] {
    return this.#prologue
  }
}

const EMPTY = new Uint8Array(0)
const LAZY = new Set(['COALESCE', 'IFNULL'])

function isText(type: SqlType): boolean {
  return type.kind === 'CHAR' || type.kind === 'VARCHAR'
}

function numberText(value: number): string {
  if (Object.is(value, -0)) return '-0'
  return value < 0 ? `(${value})` : String(value)
}
