// What a Node.js program without an engine does: COUNT and SUM by a key over JSON lines.
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'

const groups = new Map()
for await (const line of createInterface({ input: createReadStream(process.argv[2]) })) {
  const row = JSON.parse(line)
  const group = groups.get(row.k)
  if (group === undefined) groups.set(row.k, { count: 1, sum: row.v })
  else {
    group.count++
    group.sum += row.v
  }
}
process.stdout.write(`${groups.size}\n`)
