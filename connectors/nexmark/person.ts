/** Fields of a person (the reference's `PersonGenerator`). */
import { type FieldMaker, listed, numbers, stretches, type Views, written } from './columns.ts'
import { FIRST_PERSON_ID, PERSON } from './events.ts'
import { below, eventHash } from './random.ts'
import { extraLength, extraPool, lazily, textList, trimmedEnd, trimmedStart, wordLength, wordPool } from './texts.ts'

const STATES = ['AZ', 'CA', 'ID', 'OR', 'WA', 'WY']
const CITIES = [
  'Phoenix',
  'Los Angeles',
  'San Francisco',
  'Boise',
  'Portland',
  'Bend',
  'Redmond',
  'Seattle',
  'Kent',
  'Cheyenne',
]
const FIRST_NAMES = ['Peter', 'Paul', 'Luke', 'John', 'Saul', 'Vicky', 'Kate', 'Julie', 'Sarah', 'Deiter', 'Walter']
const LAST_NAMES = ['Shultz', 'Abrams', 'Spencer', 'White', 'Bartels', 'Walton', 'Smith', 'Jones', 'Noris']

const NAMES = textList(FIRST_NAMES.flatMap((first) => LAST_NAMES.map((last) => `${first} ${last}`)))
const CITY_LIST = textList(CITIES)
const STATE_LIST = textList(STATES)

/** Draws of a person's event. */
const DRAW = { name: 1, user: 2, userAt: 3, host: 4, hostAt: 5, card: 6, city: 10, state: 11, extra: 12, extraAt: 13 }

const AT = 64
const CARD_BYTES = 19
const DOT_COM = [46, 99, 111, 109]
const LONGEST_WORD = 7

export function personFields(
  capacity: number,
  seed: number,
  averageSize: number,
): Readonly<Record<string, () => FieldMaker>> {
  const nameOf = (hash: number): number => below(hash, DRAW.name, NAMES.lengths.length)
  const cityOf = (hash: number): number => below(hash, DRAW.city, CITIES.length)
  const stateOf = (hash: number): number => below(hash, DRAW.state, STATES.length)
  const wordsOf = lazily(() => wordPool(eventHash(seed, 1), LONGEST_WORD))
  const email = (hash: number, to: Uint8Array | undefined, at: number): number => {
    const words = wordsOf()
    let end = putWord(words.data, below(hash, DRAW.userAt, words.places), wordLength(hash, DRAW.user, 7), to, at)
    if (to !== undefined) to[end] = AT
    end = putWord(words.data, below(hash, DRAW.hostAt, words.places), wordLength(hash, DRAW.host, 5), to, end + 1)
    if (to !== undefined) to.set(DOT_COM, end)
    return end + DOT_COM.length
  }
  const extra = (hash: number, place: number, { starts, lengths }: Views, row: number): void => {
    const size =
      8 +
      (NAMES.lengths[nameOf(hash)] as number) +
      email(hash, undefined, 0) +
      CARD_BYTES +
      (CITY_LIST.lengths[cityOf(hash)] as number) +
      (STATE_LIST.lengths[stateOf(hash)] as number)
    starts[row] = place
    lengths[row] = extraLength(hash, DRAW.extra, size, averageSize)
  }
  return {
    id: () => numbers(PERSON, capacity, (run, row) => (run.people[row] as number) + FIRST_PERSON_ID),
    name: () => listed(PERSON, capacity, NAMES, nameOf),
    emailAddress: () => written(PERSON, capacity, 2 * LONGEST_WORD + 5, email),
    creditCard: () => written(PERSON, capacity, CARD_BYTES, putCard),
    city: () => listed(PERSON, capacity, CITY_LIST, cityOf),
    state: () => listed(PERSON, capacity, STATE_LIST, stateOf),
    dateTime: () => numbers(PERSON, capacity, (run, row) => run.times[row] as number),
    extra: () => stretches(PERSON, capacity, extraPool(eventHash(seed, 2), 2 * averageSize), DRAW.extraAt, extra),
  }
}

/** Gives the end of the word; without `to` nothing is written. */
function putWord(pool: Uint8Array, place: number, length: number, to: Uint8Array | undefined, at: number): number {
  const start = trimmedStart(pool, place, place + length)
  const end = trimmedEnd(pool, start, place + length)
  if (to !== undefined) for (let from = start; from < end; from++) to[at + from - start] = pool[from] as number
  return at + end - start
}

/** Four times four digits. */
function putCard(hash: number, to: Uint8Array, at: number): number {
  for (let group = 0; group < 4; group++) {
    let digits = below(hash, DRAW.card + group, 10_000)
    const start = at + 5 * group
    for (let place = 3; place >= 0; place--) {
      to[start + place] = 48 + (digits % 10)
      digits = Math.floor(digits / 10)
    }
    if (group < 3) to[start + 4] = 32
  }
  return at + CARD_BYTES
}
