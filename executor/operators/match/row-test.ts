/**
 * Conditions of DEFINE for one row behind one run: a generated function over the arrays of the kept rows. What it has
 * to find in the run (FIRST, LAST, the last row of another variable) is looked up where the expression gets to it.
 */
import { physicalKind } from '../../../core/types.ts'
import type { MatchExpression, MatchReference } from '../../../planner/physical/match-spec.ts'
import type { StoredColumn } from '../../../state/table/stored-column.ts'
import { emptyValue, type Fragment, representationOf, type ScalarFragment } from '../../codegen/fragment.ts'
import { arraysOf, Generator } from '../../codegen/generator.ts'
import { SUPPORT } from '../../codegen/support.ts'
import type { Environment } from '../../functions/function.ts'
import { findFunction } from '../../functions/index.ts'
import type { KeptColumns } from './match-expression.ts'
import { type RunAggregate, TRIED } from './run-aggregate.ts'
import { isTried, rowFinder } from './row-finder.ts'

/** @param node the last one of the run, -1: it has no rows */
export type RowTest = (node: number, row: number) => boolean

/** @param zeros what stands for the NULL mask of a column that has none */
type Bind = (columns: readonly StoredColumn[], zeros: null) => RowTest

/**
 * @param variable that the row is tried for
 * @param aggregates by reference, where they are kept for each node
 * @returns a function that gives the test over the rows as they are now: it is good until rows are added. undefined:
 *   the condition has values that are not read like that
 */
export function compileRowTest(
  variable: number,
  condition: MatchExpression,
  kept: KeptColumns,
  aggregates: ReadonlyMap<MatchReference, RunAggregate>,
  environment: Environment,
): (() => RowTest) | undefined {
  if (!condition.references.every((reference) => canRead(reference, aggregates))) return undefined
  const columns = new Map<number, MatchReference>()
  const generator = new Generator({
    environment,
    findFunction,
    readInput: (self, { index }) => {
      const reference = condition.references[index] as MatchReference
      const tries = isTried(reference, variable)
      const aggregate = aggregates.get(reference)
      if (aggregate !== undefined) return readAggregate(self, aggregate, reference, tries)
      if (reference.kind === 'row') columns.set(reference.column, reference)
      return readRow(self, kept, reference as Extract<MatchReference, { kind: 'row' }>, tries)
    },
  })
  const { code, result } = generator.capture(() => generator.compile(condition.value) as ScalarFragment)
  const read = [...columns.keys()]
  const arrays = read.map((column, n) =>
    arraysOf(`${column}`, `columns[${n}]`, (columns.get(column) as MatchReference).type),
  )
  const bind = new Function(
    ...Object.keys(SUPPORT),
    ...generator.constants.map((_, n) => `c${n}`),
    `'use strict';
const arena = new ByteArena();
return function bind(columns, zeros) {
${arrays.join('\n')}
return function test(node, row) {
arena.clear();
${generator.prologue.join('\n')}
${code}
return ${result.value};
}
}`,
  )(...Object.values(SUPPORT), ...generator.constants) as Bind
  const { chains, positions } = kept
  return () =>
    bind(
      read.map((column) => chains.columns[positions.get(column) ?? -1] as StoredColumn),
      null,
    )
}

function canRead(reference: MatchReference, aggregates: ReadonlyMap<MatchReference, RunAggregate>): boolean {
  if (reference.kind === 'aggregate') return aggregates.has(reference)
  const kind = physicalKind(reference.type)
  return reference.kind === 'row' && kind !== 'list' && kind !== 'map' && kind !== 'row' && kind !== 'null'
}

function readRow(
  generator: Generator,
  { chains }: KeptColumns,
  reference: Extract<MatchReference, { kind: 'row' }>,
  tries: boolean,
): Fragment {
  const { column, type, from, offset } = reference
  const name = `${column}`
  if (tries && from === 'last' && offset === 0) {
    return generator.readColumn(name, '', type, {
      row: 'row',
      isNull: (mask) => `(${mask} === null ? 0 : ${mask}[row])`,
    })
  }
  const [found, missing, row] = [generator.name('f'), generator.name('m'), generator.name('p')]
  const finder = generator.constant(rowFinder(chains, reference, tries))
  generator.line(`const ${found} = ${finder}(node, row);`)
  generator.line(`const ${missing} = ${found} < 0 ? 1 : 0, ${row} = ${found} < 0 ? 0 : ${found};`)
  return generator.readColumn(name, '', type, {
    row,
    isNull: (mask) => `(${mask} === null ? ${missing} : ${missing} | ${mask}[${row}])`,
  })
}

function readAggregate(
  generator: Generator,
  aggregate: RunAggregate,
  { type }: MatchReference,
  tries: boolean,
): Fragment {
  const { isNull: nullTest, value } = aggregate.result
  const [name, isNull] = [generator.name('x'), generator.name('q')]
  const representation = representationOf(type)
  const self = generator.constant(aggregate)
  const arrays = aggregate.state.map((_, n) => `const s${n} = ${self}.state[${n}].values;`)
  const result = representation === 'boolean' ? `(${value}) === 1` : value
  generator.line(`let ${name} = ${emptyValue(representation)}, ${isNull} = 1;`)
  generator.line(`{ ${tries ? `${self}.try(node, row); const r = ${TRIED};` : `const r = ${self}.slot(node);`}`)
  generator.line(arrays.join(' '))
  generator.line(`if (!(${nullTest ?? 'false'})) { ${isNull} = 0; ${name} = ${result}; } }`)
  return { representation, type, isNull, value: name } as Fragment
}
