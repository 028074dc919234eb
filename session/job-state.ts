/**
 * Under which names jobs keep their state: the same name goes on from the last checkpoint. Jobs of a script are known
 * by the script and their place among its jobs of one name; their state stays until the whole script has ended, so
 * that a script that is killed between the ends of two jobs does not run the first one again.
 */
import { join } from 'node:path'
import { removeAside, setAside } from '../state/removal.ts'

export class JobState {
  readonly #directory: string
  readonly #script: string | undefined
  readonly #taken = new Map<string, number>()
  /** Settles when what ended scripts had on the disk is gone. */
  removed: Promise<void> = Promise.resolve()

  /** @param directory the data directory */
  constructor(directory: string, script: string | undefined) {
    this.#directory = directory
    this.#script = script
  }

  get keepFinished(): boolean {
    return this.#script !== undefined
  }

  /** @param name of the job; @returns what its state is kept under, with folders separated by `/` */
  take(name: string): string {
    const before = this.#taken.get(name) ?? 0
    this.#taken.set(name, before + 1)
    const own = before === 0 ? name : `${name}_${before + 1}`
    return this.#script === undefined ? own : `${this.#script}/${own}`
  }

  /** Outside of scripts: the job has ended, and the next one of the name takes its place. */
  release(name: string): void {
    if (this.#script === undefined) this.#taken.set(name, Math.max(0, (this.#taken.get(name) ?? 0) - 1))
  }

  /**
   * The script has ended: in one atomic step, all of its jobs begin anew the next time.
   *
   * @param log is told what of their state stays on the disk until the next script ends
   */
  forgetScript(log: (text: string) => void): void {
    if (this.#script === undefined) return
    const jobs = join(this.#directory, 'jobs')
    setAside(jobs, [encodeURIComponent(this.#script)])
    this.removed = removeAside(jobs, log)
  }
}
