/** One side of one case in a process of its own: `node run-case.ts NAME engine|kernel|plain SCALE`; a line of JSON. */
import { CASES } from './cases.ts'
import { measure } from './measure.ts'

const [name, side, scale = '1'] = process.argv.slice(2)
const item = CASES.find((candidate) => candidate.name === name)
const make = item?.[side as 'engine' | 'kernel' | 'plain']
if (item === undefined || make === undefined) throw new Error(`no case ${name} ${side}`)
const workload = await make(Number(scale))
process.stdout.write(`${JSON.stringify(await measure(workload, item.passes, Number(scale)))}\n`)
process.exit(0)
