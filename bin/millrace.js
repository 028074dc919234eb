#!/usr/bin/env node
// Starts the command line. Plain JavaScript that old versions of Node.js can read, so that they can be told.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const source = join(root, 'cli', 'main.ts')
const isCheckout = existsSync(source)

if (Number(process.versions.node.split('.')[0]) >= 24) {
  nodeModule.enableCompileCache?.()
  const { main } = await import(pathToFileURL(isCheckout ? source : join(root, 'dist', 'cli', 'main.js')).href)
  process.exitCode = await main(process.argv.slice(2))
} else {
  const own = join(root, 'node_modules', 'node', 'bin', 'node')
  if (isCheckout && existsSync(own)) {
    const child = spawn(own, process.argv.slice(1), { stdio: 'inherit' })
    // Ctrl-C in a terminal reaches both; whatever else is sent to this process is meant for the one that works.
    for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT']) {
      process.on(signal, () => {
        if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
      })
    }
    child.on('exit', (code) => {
      process.exitCode = code ?? 1
    })
  } else {
    process.stderr.write(`millrace needs Node.js 24 or newer; this is ${process.version}\n`)
    process.exitCode = 1
  }
}
