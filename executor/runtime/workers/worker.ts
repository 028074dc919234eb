/** In a worker thread: see `serve.ts`. */
import { parentPort, workerData } from 'node:worker_threads'
import { invariant } from '../../../core/errors.ts'
import type { WorkerSetup } from './protocol.ts'
import { serveWorker } from './serve.ts'

invariant(parentPort !== null, 'this module runs in a worker')
serveWorker(parentPort, workerData as WorkerSetup)
