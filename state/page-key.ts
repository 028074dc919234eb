/** Keys of pages in the store: operator, table and page number, so that an operator's pages lie together. */
import type { PageWrite } from './state-store.ts'

const SEPARATOR = '\u0000'

export function encodeKey(page: Pick<PageWrite, 'uid' | 'table' | 'page'>): Buffer {
  const text = Buffer.from(`${page.uid}${SEPARATOR}${page.table}${SEPARATOR}`)
  const number = Buffer.allocUnsafe(4)
  number.writeUInt32BE(page.page)
  return Buffer.concat([text, number])
}

export function decodeKey(key: Uint8Array): { readonly uid: string; readonly table: string; readonly page: number } {
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.byteLength)
  const [uid = '', table = ''] = bytes.toString('utf8', 0, bytes.length - 4).split(SEPARATOR)
  return { uid, table, page: bytes.readUInt32BE(bytes.length - 4) }
}

/** All pages of one operator. */
export function operatorRange(uid: string): { readonly gte: Buffer; readonly lt: Buffer } {
  return { gte: Buffer.from(`${uid}${SEPARATOR}`), lt: Buffer.from(`${uid}\u0001`) }
}
