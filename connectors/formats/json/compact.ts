/** A JSON value as text without whitespace: what a STRING column gets from an object or array. */

/** @param data bytes `start … end)` are a valid JSON value; numbers keep their spelling, strings are escaped anew */
export function compactJson(data: Uint8Array, start: number, end: number): string {
  const text = Buffer.from(data.buffer, data.byteOffset + start, end - start).toString()
  return text.replace(/"(?:[^"\\]|\\.)*"|[ \t\r\n]+/g, (token) => {
    if (!token.startsWith('"')) return ''
    return token.includes('\\') ? JSON.stringify(JSON.parse(token)) : token
  })
}
