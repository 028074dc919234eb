/** Files to files: filter, arithmetic, windows. */
import { createWriteStream, mkdirSync } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { ORDER_COLUMNS, orders } from './orders.ts'
import type { Random } from '../random.ts'
import { fileOutputs, jsonFiles } from './file-outputs.ts'
import type { ChaosTarget } from './target.ts'

const FILES = 4

export async function createFilesystemTarget(directory: string, records: number, random: Random): Promise<ChaosTarget> {
  const input = join(directory, 'input')
  mkdirSync(input, { recursive: true })
  const generator = orders(random, records)
  for (let file = 0; file < FILES; file++) {
    const stream = createWriteStream(join(input, `orders-${file}.json`))
    for (let row = 0; row < records / FILES; row++) {
      const line = generator.next()
      if (line.done !== true && !stream.write(`${line.value}\n`)) await once(stream, 'drain')
    }
    stream.end()
    await finished(stream)
  }
  return fileOutputs(
    'filesystem',
    directory,
    ['windows', 'big'],
    (filesOf) => `
SET 'execution.checkpointing.interval' = '60 ms';
CREATE TABLE orders (${ORDER_COLUMNS}) WITH (${jsonFiles(input)}, 'scan.watermark.emit.strategy' = 'on-periodic');
CREATE TABLE windows (window_start TIMESTAMP(3), product STRING, orders BIGINT, revenue DECIMAL(38, 2)) WITH (${filesOf('windows')});
CREATE TABLE big (order_id BIGINT, label STRING, amount DECIMAL(38, 2)) WITH (${filesOf('big')});
EXECUTE STATEMENT SET BEGIN
  INSERT INTO windows SELECT window_start, product, COUNT(*), SUM(price * quantity)
    FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(ordered_at), INTERVAL '1' MINUTE))
    WHERE quantity > 0 GROUP BY window_start, window_end, product;
  INSERT INTO big SELECT order_id, UPPER(product) || '-' || CAST(customer AS STRING), price * quantity FROM orders WHERE price * quantity > 100;
END;
`,
  )
}
