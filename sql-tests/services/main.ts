/** `npm run services -- postgres kafka-4`: starts servers to try things by hand; Ctrl-C ends them. */
import { type ServiceName, startService, VARIABLES } from './global-setup.ts'

const names = process.argv.slice(2).filter((name): name is ServiceName => name in VARIABLES)
if (names.length === 0) {
  process.stdout.write(`usage: npm run services -- ${Object.keys(VARIABLES).join(' | ')} …\n`)
  process.exit(1)
}
const services = await Promise.all(names.map(async (name) => ({ name, service: await startService(name) })))
for (const { name, service } of services) {
  process.stdout.write(`export ${VARIABLES[name]}=${service.address}\n`)
  if ('security' in service)
    process.stdout.write(`export ${VARIABLES[name]}_SECURITY='${JSON.stringify(service.security)}'\n`)
}
const keepAlive = setInterval(() => undefined, 60_000)
const stop = (): void => {
  clearInterval(keepAlive)
  void Promise.all(services.map(({ service }) => service.stop()))
}
process.once('SIGINT', stop)
process.once('SIGTERM', stop)
