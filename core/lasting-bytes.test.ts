import { expect, test } from 'vitest'
import { areConstant, areLasting, constantBytes, lastingBytes } from './lasting-bytes.ts'

const bytesOf = (text: string): Uint8Array => new Uint8Array([...text].map((letter) => letter.charCodeAt(0)))

test('constant bytes of the same contents are the same bytes', () => {
  const first = constantBytes(bytesOf('river'))
  const other = constantBytes(bytesOf('rivet'))
  expect(constantBytes(bytesOf('river')).buffer).toBe(first.buffer)
  expect(constantBytes(bytesOf('rivers')).buffer).not.toBe(first.buffer)
  expect(other.buffer).not.toBe(first.buffer)
  expect(areLasting(first) && areConstant(first)).toBe(true)
})

test('only the whole of them is constant, and not everything that lasts', () => {
  const data = constantBytes(bytesOf('mill'))
  expect(areConstant(data.subarray(1))).toBe(false)
  expect(areConstant(data.subarray(0, 2))).toBe(false)
  expect(areConstant(lastingBytes(bytesOf('race')))).toBe(false)
  expect(() => constantBytes(bytesOf('mill').subarray(1))).toThrow('a buffer of their own')
})
