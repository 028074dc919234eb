// What a Node.js program without an engine does: filter, arithmetic and a string function over JSON lines.
import { createReadStream, createWriteStream } from 'node:fs'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

const [input, output] = process.argv.slice(2)
const out = createWriteStream(output)
let chunk = ''
for await (const line of createInterface({ input: createReadStream(input) })) {
  const row = JSON.parse(line)
  if (row.auction % 3 === 0) continue
  chunk += `${JSON.stringify({ auction: row.auction, price: Math.trunc((row.price * 908) / 1000), channel: row.channel.toUpperCase(), url: row.url })}\n`
  if (chunk.length > 65_536) {
    if (!out.write(chunk)) await once(out, 'drain')
    chunk = ''
  }
}
out.end(chunk)
await once(out, 'finish')
