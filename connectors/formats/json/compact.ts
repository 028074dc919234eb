/** A JSON value as text without whitespace: what a STRING column gets from an object or array. */

/**
 * @param data bytes `start … end)` are a valid JSON value; numbers keep their spelling, strings are escaped anew, and
 *   of equal keys the last value is taken at the place of the first, as Jackson's ObjectNode has it
 */
export function compactJson(data: Uint8Array, start: number, end: number): string {
  const text = Buffer.from(data.buffer, data.byteOffset + start, end - start).toString()
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[[\]{}]|[^\s,:[\]{}"]+/g) ?? []
  return compactNext(tokens[Symbol.iterator]()) ?? ''
}

/** The next value, or undefined at a closing bracket. */
function compactNext(tokens: Iterator<string>): string | undefined {
  const { value: token, done } = tokens.next()
  if (done === true || token === ']' || token === '}') return undefined
  if (token === '[') {
    const items: string[] = []
    for (let item = compactNext(tokens); item !== undefined; item = compactNext(tokens)) items.push(item)
    return `[${items.join(',')}]`
  }
  if (token === '{') {
    const entries = new Map<string, string>()
    for (let key = compactNext(tokens); key !== undefined; key = compactNext(tokens)) {
      entries.set(key, compactNext(tokens) ?? 'null')
    }
    return `{${[...entries].map(([key, item]) => `${key}:${item}`).join(',')}}`
  }
  return token.includes('\\') ? JSON.stringify(JSON.parse(token)) : token
}
