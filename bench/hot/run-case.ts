/** One side of one case in a process of its own: `node run-case.ts NAME engine|kernel SCALE`; a line of JSON. */
import { CASES } from './cases.ts'
import { measure } from './measure.ts'

const [name, side, scale = '1'] = process.argv.slice(2)
const item = CASES.find((candidate) => candidate.name === name)
if (item === undefined || (side !== 'engine' && side !== 'kernel')) throw new Error(`no case ${name} ${side}`)
const workload = side === 'engine' ? await item.engine(Number(scale)) : await item.kernel(Number(scale))
process.stdout.write(`${JSON.stringify(await measure(workload, item.passes, Number(scale)))}\n`)
process.exit(0)
