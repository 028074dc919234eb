/** Types of texts that are made from others: how long they can be. */
import type { BoundArgument } from '../../catalog/function.ts'
import { MAX_LENGTH, type SqlType, STRING } from '../../core/types.ts'
import { commonType } from '../../planner/bind/coercion.ts'

function lengthOf(arg: BoundArgument | undefined): number {
  return arg?.type.kind === 'CHAR' || arg?.type.kind === 'VARCHAR' ? arg.type.length : MAX_LENGTH
}

/** As long as the first argument. */
export function likeFirst([text]: readonly BoundArgument[]): SqlType {
  return text?.type.kind === 'CHAR' || text?.type.kind === 'VARCHAR' ? text.type : STRING
}

/** At most as long as the first argument. */
export function partOfFirst([text]: readonly BoundArgument[]): SqlType {
  return { kind: 'VARCHAR', length: lengthOf(text), nullable: true }
}

/** At most as long as the first two arguments together. */
export function firstTwo([first, second]: readonly BoundArgument[]): SqlType {
  return { kind: 'VARCHAR', length: Math.min(MAX_LENGTH, lengthOf(first) + lengthOf(second)), nullable: true }
}

/** Exactly so long where all arguments are of type CHAR. */
export function concatenated(args: readonly BoundArgument[]): SqlType {
  const length = Math.min(
    MAX_LENGTH,
    args.reduce((sum, arg) => sum + lengthOf(arg), 0),
  )
  return { kind: args.every((arg) => arg.type.kind === 'CHAR') ? 'CHAR' : 'VARCHAR', length, nullable: true }
}

/** The common type of all but the first. */
export function oneOfOthers([, ...args]: readonly BoundArgument[]): SqlType {
  const type = commonType(args.map((arg) => arg.type))
  return type?.kind === 'CHAR' || type?.kind === 'VARCHAR' ? type : STRING
}
