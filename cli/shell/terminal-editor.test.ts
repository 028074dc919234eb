import { PassThrough } from 'node:stream'
import type { ReadStream, WriteStream } from 'node:tty'
import { expect, test } from 'vitest'
import { History } from './history.ts'
import { type EditorResult, TerminalEditor } from './terminal-editor.ts'
import { isCompleteInput } from './shell.ts'

function terminal(history = new History(undefined)) {
  const input = Object.assign(new PassThrough(), { setRawMode: () => input, isTTY: true })
  const output = Object.assign(new PassThrough(), { columns: 80, rows: 24, isTTY: true })
  output.resume()
  const editor = new TerminalEditor(input as unknown as ReadStream, output as unknown as WriteStream, history, {
    isComplete: isCompleteInput,
    highlight: (text) => text,
    complete: (text, cursor) => {
      const word = /\w*$/.exec(text.slice(0, cursor))?.[0] ?? ''
      const candidates = ['orders', 'order_items', 'users'].filter((name) => word !== '' && name.startsWith(word))
      return { start: cursor - word.length, candidates }
    },
  })
  return {
    type: async (keys: string): Promise<EditorResult> => {
      const result = editor.read('> ')
      for (const key of keys.match(/\u001b\[[0-9;]*[~A-Z]|\u001b.|[\s\S]/gu) ?? []) {
        input.write(key)
        await new Promise((resolve) => setImmediate(resolve))
      }
      return result
    },
  }
}

const UP = '\u001b[A'
const LEFT = '\u001b[D'

test('Enter ends a complete statement and starts a new line in an unfinished one', async () => {
  expect(await terminal().type('SELECT 1\r  + 2;\r')).toEqual({ kind: 'statement', text: 'SELECT 1\n  + 2;' })
  expect(await terminal().type("SELECT ';\r';\r")).toEqual({ kind: 'statement', text: "SELECT ';\n';" })
})

test('editing keys work inside the text', async () => {
  expect(await terminal().type(`SELECT 12;${LEFT}${LEFT}\u007f3\u0005\r`)).toEqual({
    kind: 'statement',
    text: 'SELECT 32;',
  })
  expect(await terminal().type('wrong\u0015SELECT 1;\r')).toEqual({ kind: 'statement', text: 'SELECT 1;' })
  expect(await terminal().type('SELECT one two\u0017\u00173;\r')).toEqual({ kind: 'statement', text: 'SELECT 3;' })
})

test('history comes back with the arrow, and what was being typed too', async () => {
  const history = new History(undefined)
  history.add('SELECT 1;')
  history.add('SELECT 2;')
  expect(await terminal(history).type(`${UP}${UP}\r`)).toEqual({ kind: 'statement', text: 'SELECT 1;' })
  expect(await terminal(history).type(`\u0012LECT 1\r\r`)).toEqual({ kind: 'statement', text: 'SELECT 1;' })
})

test('Tab completes a unique name and the common beginning of several', async () => {
  expect(await terminal().type('us\t;\r')).toEqual({ kind: 'statement', text: 'users ;' })
  expect(await terminal().type('or\ts;\r')).toEqual({ kind: 'statement', text: 'orders;' })
})

test('Ctrl-C empties the input, Ctrl-D on an empty one ends the shell', async () => {
  expect(await terminal().type('SELECT\u0003')).toEqual({ kind: 'interrupt' })
  expect(await terminal().type('\u0004')).toEqual({ kind: 'end' })
})
