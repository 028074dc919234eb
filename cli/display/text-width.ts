/** Terminal columns of a text: East Asian wide characters and emoji take two, combining marks none. */

const COMBINING = /\p{Mark}|\u200b|\u200c|\u200d|\ufe0f/u
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u

export function textWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length
  let width = 0
  for (const character of text) {
    if (COMBINING.test(character)) continue
    width += WIDE.test(character) ? 2 : 1
  }
  return width
}

/** Shortened to `width` columns with `...` at the end, as Flink's client does. */
export function fitText(text: string, width: number): string {
  if (textWidth(text) <= width) return text
  const suffix = width > 3 ? '...' : ''
  let fitted = ''
  let used = 0
  for (const character of text) {
    const next = used + textWidth(character)
    if (next > width - suffix.length) break
    fitted += character
    used = next
  }
  return fitted + suffix
}

export function padLeft(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - textWidth(text))) + text
}
