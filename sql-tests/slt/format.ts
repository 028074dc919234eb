/**
 * `.slt` files (after sqllogictest): records separated by blank lines.
 *
 *     file NAME            the lines below are written to $DIR/NAME
 *     statement ok         the statement below succeeds; an INSERT is waited for
 *     statement error      … fails; below `----` the whole text that a user sees
 *     query table          … below `----` the final rows, sorted
 *     query changelog      … below `----` every change, in order
 *     query … serial       … as one worker gives it: with several ones another result is as right, and a comment says why
 *     output               … below `----` what the shell prints for SHOW, DESCRIBE, EXPLAIN
 *
 * `#` begins a comment line. Update mode rewrites what is below `----`.
 */

export type RecordKind =
  | 'file'
  | 'statement ok'
  | 'statement error'
  | 'query table'
  | 'query changelog'
  | 'output'
  | 'comment'

export interface SltRecord {
  readonly kind: RecordKind
  /** File name, `serial`, or empty. */
  readonly argument: string
  /** SQL or file content. */
  readonly body: string
  readonly expected: string
  readonly line: number
}

const SEPARATOR = '----'
export const SERIAL = 'serial'

export function parseSlt(text: string): SltRecord[] {
  const records: SltRecord[] = []
  const lines = text.split('\n')
  for (let at = 0; at < lines.length; at++) {
    if ((lines[at] ?? '').trim() === '') continue
    const start = at
    while (at < lines.length && (lines[at] ?? '').trim() !== '') at++
    records.push(parseRecord(lines.slice(start, at), start + 1))
  }
  return records
}

function parseRecord(lines: readonly string[], line: number): SltRecord {
  const [head = '', ...rest] = lines
  if (head.startsWith('#')) {
    const record = rest.findIndex((text) => !text.startsWith('#'))
    if (record >= 0) throw new Error(`line ${line + 1 + record}: an empty line is needed after a comment`)
    return { kind: 'comment', argument: '', body: lines.join('\n'), expected: '', line }
  }
  const split = rest.indexOf(SEPARATOR)
  const body = (split < 0 ? rest : rest.slice(0, split)).join('\n')
  const expected = split < 0 ? '' : rest.slice(split + 1).join('\n')
  if (head.startsWith('file ')) return { kind: 'file', argument: head.slice(5).trim(), body, expected: '', line }
  const kind = (['statement ok', 'statement error', 'query table', 'query changelog', 'output'] as const).find(
    (known) => known === head || (known.startsWith('query') && head === `${known} ${SERIAL}`),
  )
  if (kind === undefined) throw new Error(`line ${line}: "${head}" begins no record`)
  return { kind, argument: head.slice(kind.length + 1), body, expected, line }
}

export function formatSlt(records: readonly SltRecord[]): string {
  const parts = records.map(({ kind, argument, body, expected }) => {
    if (kind === 'comment') return body
    if (kind === 'file') return `file ${argument}\n${body}`
    const head = argument === '' ? kind : `${kind} ${argument}`
    return kind === 'statement ok' ? `${kind}\n${body}` : `${head}\n${body}\n${SEPARATOR}\n${expected}`.trimEnd()
  })
  return `${parts.join('\n\n')}\n`
}
