/**
 * Regular expressions over UTF-8 bytes, for those in which nothing has to be tried again: characters, classes, `^`, `$`,
 * groups, alternatives, `*`, `+` and `?`, where what follows a repetition cannot begin with what is repeated. All
 * alternatives are written out, in the order in which they are tried, and share a text that is searched for; where it
 * stands tells where a match begins. The answer is the same as that of JavaScript's own expressions.
 */
import { choicesOf, type Item, parsePattern } from './byte-pattern-syntax.ts'

/**
 * Looks for the first match in the bytes `start … end`. Where there is one, `range` receives where the group begins and
 * ends; -1 where it has no part in the match.
 */
export type BytePattern = (data: Uint8Array, start: number, end: number, range: Int32Array) => boolean

/** @returns undefined where the expression is another one, or has no such group */
export function compileBytePattern(pattern: string, group: number): BytePattern | undefined {
  const parsed = parsePattern(pattern)
  if (parsed === undefined || group > parsed.groups) return undefined
  const choices = choicesOf(parsed.node)
  if (choices === undefined || !choices.every(neverTriesAgain)) return undefined
  const needle = sharedText(choices)
  if (needle === undefined) return undefined
  const bytes = needle.map((item) => item.byte)
  const places = choices.map((items) => ({ items, from: offsetOf(items, needle[0]) }))
  const offsets = places.map(({ from }) => from)
  // A match at a later place of the text must not begin earlier than one at this place.
  if (Math.max(...offsets) - Math.min(...offsets) >= period(bytes)) return undefined
  // Those that begin earlier first, else in their order.
  const ordered = places.toSorted((a, b) => b.from - a.from)
  const classes: Uint8Array[] = []
  const code = ordered.map(({ items, from }, at) =>
    choiceCode(items, from, `choice${at}`, bytes.length, group, classes),
  )
  const last = bytes.length - 1
  const make = new Function(
    'needle',
    'steps',
    ...classes.map((_, at) => `class${at}`),
    `'use strict';
return function find(data, start, end, range) {
for (let at = start + ${last}; at < end; at += steps[data[at]]) {
let back = 0;
while (back <= ${last} && data[at - back] === needle[${last} - back]) back++;
if (back <= ${last}) continue;
const place = at - ${last};
${code.join('\n')}
}
return false;
}`,
  ) as (...values: readonly Uint8Array[]) => BytePattern
  return make(Uint8Array.from(bytes), stepsOf(bytes), ...classes)
}

/** Horspool: how far to go on by the byte under the last one of the text. */
function stepsOf(bytes: readonly number[]): Uint8Array {
  const last = bytes.length - 1
  const steps = new Uint8Array(256).fill(Math.min(255, bytes.length))
  for (let at = 0; at < last; at++) steps[bytes[at] ?? 0] = Math.min(255, last - at)
  return steps
}

type ByteItem = Extract<Item, { kind: 'byte' }>

function offsetOf(items: readonly Item[], from: Item | undefined): number {
  return items.slice(0, items.indexOf(from as Item)).filter((item) => item.kind === 'byte' || item.kind === 'one')
    .length
}

/** The smallest shift by which the bytes can stand over themselves. */
function period(bytes: readonly number[]): number {
  for (let shift = 1; shift < bytes.length; shift++) {
    if (bytes.slice(shift).every((byte, at) => byte === bytes[at])) return shift
  }
  return bytes.length
}

/** The longest run of bytes that all choices have, at a fixed distance from where they begin; at least two. */
function sharedText(choices: readonly (readonly Item[])[]): readonly ByteItem[] | undefined {
  let best: readonly ByteItem[] = []
  const fixed = choices.map(fixedRuns)
  for (const run of fixed[0] ?? []) {
    for (let from = 0; from < run.length; from++) {
      let to = from
      while (to < run.length && fixed.every((runs) => runs.some((other) => holds(other, run.slice(from, to + 1))))) to++
      if (to - from > best.length) best = run.slice(from, to)
    }
  }
  return best.length >= 2 && best.length < 200 ? best : undefined
}

function holds(run: readonly ByteItem[], part: readonly ByteItem[]): boolean {
  const at = run.indexOf(part[0] as ByteItem)
  return at >= 0 && part.every((item, index) => run[at + index] === item)
}

/** Runs of bytes before the first item of no fixed length. */
function fixedRuns(items: readonly Item[]): readonly (readonly ByteItem[])[] {
  const runs: ByteItem[][] = [[]]
  for (const item of items) {
    if (item.kind === 'many') break
    if (item.kind === 'byte') runs.at(-1)?.push(item)
    else if (item.kind === 'one') runs.push([])
  }
  return runs.filter((run) => run.length > 0)
}

/** Whether each repetition can be taken as long as it goes: nothing behind it begins with what it repeats. */
function neverTriesAgain(items: readonly Item[]): boolean {
  return items.every((item, at) => item.kind !== 'many' || isCertain(item.bytes, items.slice(at + 1)))
}

function isCertain(repeated: Uint8Array, rest: readonly Item[]): boolean {
  for (const item of rest) {
    if (item.kind === 'end') return true
    if (item.kind === 'start') return false
    if (item.kind === 'byte') return repeated[item.byte] === 0
    if (item.kind === 'open' || item.kind === 'close') continue
    if (item.bytes.some((has, byte) => has === 1 && repeated[byte] === 1)) return false
    if (item.kind === 'one' || item.atLeast > 0) return true
  }
  return true
}

/** A block that is left by `break` where the choice does not match. */
function choiceCode(
  items: readonly Item[],
  from: number,
  label: string,
  needleLength: number,
  group: number,
  classes: Uint8Array[],
): string {
  const no = `break ${label};`
  const classOf = (bytes: Uint8Array): string => `class${classes.push(bytes) - 1}`
  const lines: string[] = []
  let passed = 0
  for (const item of items) {
    switch (item.kind) {
      case 'byte':
        // The text that was found need not be compared again.
        lines.push(
          passed >= from && passed < from + needleLength
            ? 'p++;'
            : `if (p >= end || data[p] !== ${item.byte}) ${no} p++;`,
        )
        passed++
        break
      case 'one':
        lines.push(`if (p >= end || ${classOf(item.bytes)}[data[p]] === 0) ${no} p++;`)
        passed++
        break
      case 'many': {
        const repeated = classOf(item.bytes)
        if (item.atLeast > 0) lines.push(`if (p >= end || ${repeated}[data[p]] === 0) ${no} p++;`)
        lines.push(`while (p < end && ${repeated}[data[p]] === 1) p++;`)
        // From here on no byte is one of the text.
        passed = Number.POSITIVE_INFINITY
        break
      }
      case 'start':
        lines.push(`if (p !== start) ${no}`)
        break
      case 'end':
        lines.push(`if (p !== end) ${no}`)
        break
      case 'open':
        if (item.group === group) lines.push('first = p;')
        break
      case 'close':
        if (item.group === group) lines.push('behind = p;')
    }
  }
  return `${label}: {
let p = place - ${from}, first = -1, behind = -1;
if (p < start) ${no}
${lines.join('\n')}
range[0] = first; range[1] = behind;
return true;
}`
}
