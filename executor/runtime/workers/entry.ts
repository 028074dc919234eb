/**
 * Entry of a worker thread. Compiled code that is kept for the main thread is kept for workers too: most of the time
 * that they take to start is the compilation of modules.
 */
import { enableCompileCache } from 'node:module'
import { workerData } from 'node:worker_threads'
import type { WorkerSetup } from './protocol.ts'

const { compileCache } = workerData as WorkerSetup
if (compileCache !== undefined) enableCompileCache(compileCache)
await import('./worker.ts')
