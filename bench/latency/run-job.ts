/** Millrace, a process of its own: `run-job.ts DIRECTORY STATEMENTS` (JSON); ends with its parent or by a signal. */
import { Session } from '../../session/index.ts'

const [dataDirectory = '', statements = '[]'] = process.argv.slice(2)
const session = new Session({
  dataDirectory,
  configuration: { 'execution.checkpointing.interval': '1 s' },
  onNotice: (text) => process.stderr.write(`${text}\n`),
})
for (const statement of JSON.parse(statements) as string[]) {
  const result = await session.execute(statement)
  if (result.kind === 'job') await result.job.finished
}
