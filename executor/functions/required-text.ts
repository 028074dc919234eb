/**
 * Text that every match of a regular expression holds, so that values without it need not be decoded: the longest run
 * of plain characters outside of groups, classes and alternatives. Searched for in bytes, by Horspool's algorithm.
 */

/** Undefined where there is none of at least two characters, or the expression is not understood. */
export function requiredText(pattern: string): string | undefined {
  let [longest, run] = ['', '']
  const end = (): void => {
    if (run.length > longest.length) longest = run
    run = ''
  }
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at] ?? ''
    if (character === '|') return undefined
    if (character === '(' || character === '[') {
      end()
      at = character === '(' ? endOfGroup(pattern, at) : endOfClass(pattern, at)
      if (at < 0) return undefined
    } else if (character === '*' || character === '?' || character === '{') {
      // The character before may be missing.
      run = run.slice(0, -1)
      end()
      if (character === '{') at = pattern.indexOf('}', at)
      if (at < 0) return undefined
    } else if (character === '\\') {
      const next = pattern[++at] ?? ''
      if (/[A-Za-z0-9]/.test(next)) end()
      else run += next
    } else if (character === '+' || character === '.' || character === '^' || character === '$') end()
    else run += character
  }
  end()
  return longest.length >= 2 ? longest : undefined
}

/** Position of the bracket that closes the one at `from`; -1 where none does. */
function endOfGroup(pattern: string, from: number): number {
  let depth = 0
  for (let at = from; at < pattern.length; at++) {
    if (pattern[at] === '\\') at++
    else if (pattern[at] === '[') {
      at = endOfClass(pattern, at)
      if (at < 0) return -1
    } else if (pattern[at] === '(') depth++
    else if (pattern[at] === ')' && --depth === 0) return at
  }
  return -1
}

function endOfClass(pattern: string, from: number): number {
  for (let at = from + 1; at < pattern.length; at++) {
    if (pattern[at] === '\\') at++
    else if (pattern[at] === ']' && at > from + 1) return at
  }
  return -1
}

/** Whether the bytes `start … start + length)` hold the text. */
export type Contains = (data: Uint8Array, start: number, length: number) => boolean

export function containsText(text: string): Contains {
  const needle = new TextEncoder().encode(text)
  const last = needle.length - 1
  const steps = new Uint8Array(256).fill(Math.min(255, needle.length))
  for (let at = 0; at < last; at++) steps[needle[at] as number] = Math.min(255, last - at)
  return (data, start, length) => {
    const end = start + length
    for (let at = start + last; at < end; at += steps[data[at] as number] as number) {
      let back = 0
      while (back <= last && data[at - back] === needle[last - back]) back++
      if (back > last) return true
    }
    return false
  }
}
