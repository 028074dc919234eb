/** The records of the kill runs: orders with an event time that is never later than the watermark allows. */
import { integer, type Random } from '../random.ts'

export const ORDER_COLUMNS = `order_id BIGINT, customer BIGINT, product STRING, quantity INT, price DECIMAL(8, 2), ordered_at TIMESTAMP(3),
  WATERMARK FOR ordered_at AS ordered_at - INTERVAL '2' SECOND`

/** `count` JSON records in the order of their time, up to a second of disorder. */
export function* orders(random: Random, count: number): Generator<string> {
  const start = Date.UTC(2026, 2, 2, 7)
  for (let id = 0; id < count; id++) {
    const time = new Date(start + id * 5 - integer(random, 0, 1000)).toISOString().slice(0, 23).replace('T', ' ')
    const price = (integer(random, 100, 9999) / 100).toFixed(2)
    yield `{"order_id":${id},"customer":${integer(random, 1, 5000)},"product":"p${integer(random, 0, 99)}","quantity":${integer(random, 0, 5)},"price":${price},"ordered_at":"${time}"}`
  }
}
