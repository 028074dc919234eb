/**
 * Runs a script as `millrace run` does, and kills its own process at a step of a checkpoint:
 * `node runner.ts SCRIPT DATA_DIR PHASE COUNT` dies at the COUNT-th time that a job reaches PHASE.
 */
import { basename } from 'node:path'
import { readScript, statementsOf } from '../../cli/commands/script.ts'
import { Session } from '../../session/session.ts'

const [script = '', dataDirectory = '', phase = '', count = '1'] = process.argv.slice(2)
let left = Number(count)
const session = new Session({
  dataDirectory,
  jobPrefix: basename(script),
  onCheckpointPhase: (reached) => {
    if (reached === phase && --left === 0) process.kill(process.pid, 'SIGKILL')
  },
})
const text = readScript(script)
for (const piece of statementsOf(text)) await session.executeParsed(piece.parse(), text)
await Promise.all(session.jobs().map((job) => job.finished))
session.endScript()
await session.close()
