/**
 * kafkajs as the independent reader, with one defect of it mended. Its read_committed filter takes up at most one
 * aborted transaction per message: of two that overlap, which a kill between two checkpoints leaves, it shows a
 * record of the second for every fetch. (Last release 2.2.4, `src/consumer/filterAbortedMessages.js`.)
 */
import { createRequire } from 'node:module'
import type * as kafkajs from 'kafkajs'

interface Message {
  readonly key: Buffer | null
  readonly offset: string
  readonly batchContext: { readonly producerId: string; readonly inTransaction: boolean }
  readonly isControlRecord: boolean
}

interface Fetched {
  readonly messages: readonly Message[]
  readonly abortedTransactions?: readonly { readonly producerId: string; readonly firstOffset: string }[]
}

function committedMessages({ messages, abortedTransactions = [] }: Fetched): Message[] {
  const waiting = abortedTransactions.toSorted((a, b) => Number(BigInt(a.firstOffset) - BigInt(b.firstOffset)))
  const aborted = new Set<string>()
  return messages.filter(({ key, offset, batchContext, isControlRecord }) => {
    while (waiting[0] !== undefined && BigInt(offset) >= BigInt(waiting[0].firstOffset)) {
      aborted.add(String(waiting.shift()?.producerId))
    }
    const producer = String(batchContext.producerId)
    // A control record's key: version, then 0 for an abort.
    if (isControlRecord && key?.readInt16BE(2) === 0) aborted.delete(producer)
    return isControlRecord || !batchContext.inTransaction || !aborted.has(producer)
  })
}

const load = createRequire(import.meta.url)
const defect = load.resolve('kafkajs/src/consumer/filterAbortedMessages')
load(defect)
const cached = load.cache[defect]
if (cached === undefined) throw new Error('kafkajs is not laid out as expected')
cached.exports = committedMessages

export const { Kafka, logLevel } = load('kafkajs') as typeof kafkajs
