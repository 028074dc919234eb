/** The jobs of a session, newest last. */
import { MillraceError } from '../core/errors.ts'
import { didYouMean } from '../core/suggest.ts'
import type { Job } from '../executor/runtime/job.ts'

export class JobRegistry {
  readonly #jobs = new Map<string, Job>()

  add(job: Job): void {
    this.#jobs.set(job.id, job)
  }

  list(): readonly Job[] {
    return [...this.#jobs.values()]
  }

  running(): readonly Job[] {
    return this.list().filter((job) => !['FINISHED', 'FAILED', 'CANCELED'].includes(job.status))
  }

  /** @throws MillraceError UNKNOWN_JOB */
  require(id: string): Job {
    const job = this.#jobs.get(id)
    if (job !== undefined) return job
    throw new MillraceError('UNKNOWN_JOB', `job "${id}" does not exist`, {
      hint: didYouMean(id, [...this.#jobs.keys()]) ?? 'SHOW JOBS lists the jobs.',
    })
  }
}
