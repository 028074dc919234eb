/** The command line: `millrace` (shell), `millrace run`, `millrace check`. */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { asMillraceError, formatError, MillraceError } from '../core/errors.ts'

const HELP = `millrace: streaming SQL in one process

usage:
  millrace [options]                      a SQL shell
  millrace run FILE [options]             runs a script; ends when its jobs have ended
  millrace check [--syntax] FILE…         finds the errors of scripts without running anything

options:
  -D, --define KEY=VALUE    sets a configuration key, as SET does; may be repeated
  -i, --init FILE           runs a script before the shell starts
      --data-dir DIR        where jobs keep their state (default: .millrace); given to the shell,
                            tables and views are kept there too
      --syntax              check only the grammar
  -h, --help                this text
  -V, --version             the version
`

export interface CommandOptions {
  readonly configuration: Readonly<Record<string, string>>
  readonly dataDirectory: string | undefined
  readonly init: string | undefined
  readonly syntaxOnly: boolean
}

/** @returns the exit code */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    const { values, positionals } = parseArguments(argv)
    if (values.help === true) return print(HELP)
    if (values.version === true) return print(`${version()}\n`)
    const options: CommandOptions = {
      configuration: definitions(values.define ?? []),
      dataDirectory: values['data-dir'],
      init: values.init,
      syntaxOnly: values.syntax === true,
    }
    const [command, ...files] = values.file === undefined ? positionals : ['run', values.file]
    return await runCommand(command, files, options)
  } catch (error) {
    process.stderr.write(`${formatError(asMillraceError(error))}\n`)
    return error instanceof MillraceError && error.code === 'INVALID_ARGUMENT' ? 2 : 1
  }
}

async function runCommand(
  command: string | undefined,
  files: readonly string[],
  options: CommandOptions,
): Promise<number> {
  switch (command) {
    case undefined: {
      const { runShell } = await import('./shell/shell.ts')
      return runShell(options)
    }
    case 'run': {
      const [file, ...rest] = files
      if (file === undefined || rest.length > 0) throw usage('"millrace run" takes one script')
      const { runScript } = await import('./commands/run.ts')
      return runScript(file, options)
    }
    case 'check': {
      if (files.length === 0) throw usage('"millrace check" takes at least one script')
      const { checkScripts } = await import('./commands/check.ts')
      return checkScripts(files, options)
    }
    default:
      throw usage(`"${command}" is not a command`)
  }
}

function usage(message: string): MillraceError {
  return new MillraceError('INVALID_ARGUMENT', message, { hint: 'millrace --help lists the commands.' })
}

function parseArguments(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        define: { type: 'string', short: 'D', multiple: true },
        file: { type: 'string', short: 'f' },
        init: { type: 'string', short: 'i' },
        'data-dir': { type: 'string' },
        syntax: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'V' },
      },
    })
  } catch (error) {
    throw usage((error instanceof Error ? error.message : String(error)).split('. ')[0] ?? '')
  }
}

function definitions(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=')
      if (at < 1) throw usage(`"-D ${text}" is not KEY=VALUE`)
      return [text.slice(0, at), text.slice(at + 1)]
    }),
  )
}

function print(text: string): number {
  process.stdout.write(text)
  return 0
}

export function version(): string {
  const inCheckout = new URL('../package.json', import.meta.url)
  const published = new URL('../../package.json', import.meta.url)
  for (const url of [inCheckout, published]) {
    try {
      return (JSON.parse(readFileSync(url, 'utf8')) as { version: string }).version
    } catch {
      continue
    }
  }
  return 'unknown'
}
