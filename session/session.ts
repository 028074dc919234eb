/**
 * Session: SQL text in; a catalog change, rows or a running job out. The composition root: the only place that knows
 * the parser, the catalog, the planner, the executor and the connectors together.
 */
import { join, resolve } from 'node:path'
import { Catalog } from '../catalog/catalog.ts'
import { Configuration } from '../catalog/configuration.ts'
import { CONNECTOR_DESCRIPTORS, FORMAT_DESCRIPTORS } from '../catalog/connectors/index.ts'
import type { PlannerContext } from '../catalog/reader.ts'
import { type Clock, SYSTEM_CLOCK } from '../core/clock.ts'
import { CONNECTORS } from '../connectors/index.ts'
import { keepLoopsApart } from '../executor/codegen/compiler-flags.ts'
import { evaluateConstant } from '../executor/codegen/constant.ts'
import { AGGREGATE_FUNCTIONS } from '../executor/functions/aggregate/index.ts'
import { SCALAR_FUNCTIONS } from '../executor/functions/index.ts'
import { WINDOW_FUNCTIONS } from '../executor/functions/window.ts'
import { createEnvironment } from '../executor/runtime/environment.ts'
import { type Job, type JobPhase, runJob } from '../executor/runtime/job.ts'
import type { CreateTable, Statement } from '../parser/ast.ts'
import { parseStatement } from '../parser/parse.ts'
import type { Expression } from '../planner/expression.ts'
import type { UserCode } from '../executor/functions/user-code.ts'
import { FunctionRegistry } from './function-registry.ts'
import { JobRegistry } from './job-registry.ts'
import { JobState } from './job-state.ts'
import type { StatementResult } from './result.ts'
import type { JobRequest, StatementScope } from './scope.ts'
import { defineTable } from './statements/create-table.ts'
import { executeStatement } from './statements/index.ts'
import { registeredFunction } from './user-functions.ts'

export interface SessionOptions {
  /** Where jobs keep their state: `.millrace` in the current directory unless given. */
  readonly dataDirectory?: string
  /** Whether the catalog is kept in the data directory too, for the next session. Default false. */
  readonly durableCatalog?: boolean
  /** Name of a script: its jobs share no state with others, and stay ended until `endScript`. */
  readonly jobPrefix?: string
  readonly configuration?: Readonly<Record<string, string>>
  /** What `print` tables write to. Default: standard output and standard error. */
  readonly output?: SessionOutput
  /** What is worth telling a person while jobs run: restarts, refused checkpoints. Default: nothing. */
  readonly onNotice?: (text: string) => void
  readonly clock?: Clock
  /** Called at each step of a checkpoint and of a restore of every job: for tests that stop the process there. */
  readonly onCheckpointPhase?: (phase: JobPhase, checkpoint: number) => void
}

export interface SessionOutput {
  write(text: string): void
  writeError(text: string): void
}

const STANDARD_OUTPUT: SessionOutput = {
  write: (text) => {
    process.stdout.write(text)
  },
  writeError: (text) => {
    process.stderr.write(text)
  },
}

export class Session {
  readonly configuration: Configuration
  readonly catalog: Catalog
  readonly functions: FunctionRegistry
  readonly #jobs = new JobRegistry()
  readonly #state: JobState
  readonly #options: SessionOptions
  readonly #dataDirectory: string

  /** @throws MillraceError DATA_DIRECTORY_LOCKED, IO_ERROR when the durable catalog cannot be opened */
  constructor(options: SessionOptions = {}) {
    keepLoopsApart()
    this.#options = options
    this.#dataDirectory = resolve(options.dataDirectory ?? '.millrace')
    this.#state = new JobState(this.#dataDirectory, options.jobPrefix)
    this.configuration = new Configuration(options.configuration)
    this.catalog = new Catalog(options.durableCatalog === true ? join(this.#dataDirectory, 'catalog') : undefined)
    this.functions = new FunctionRegistry(
      [...SCALAR_FUNCTIONS, ...AGGREGATE_FUNCTIONS, ...WINDOW_FUNCTIONS],
      this.catalog,
    )
  }

  /** Runs one statement. An INSERT answers when its job has started, or has ended with `table.dml-sync`. */
  execute(sql: string): Promise<StatementResult> {
    return this.executeParsed(parseStatement(sql), sql)
  }

  /** @param sql the text that the spans of `statement` point into */
  async executeParsed(statement: Statement, sql: string): Promise<StatementResult> {
    return executeStatement(statement, this.scope(sql))
  }

  /** CREATE TABLE without running its query: the definition only. */
  define(statement: CreateTable, sql: string): void {
    this.catalog.createTable(defineTable(statement, this.scope(sql)), statement.ifNotExists)
  }

  /**
   * Makes a function of the program callable as a temporary function of the catalog; one of the same name is replaced.
   *
   * @param signature `(STRING, STRING) -> BIGINT`, or `(STRING) -> TABLE(word STRING)` of a function that returns rows
   * @throws MillraceError SYNTAX_ERROR with a position in the signature
   */
  createFunction(
    name: string,
    signature: string,
    code: (...args: never[]) => unknown,
    options: { readonly deterministic?: boolean } = {},
  ): void {
    const deterministic = String(options.deterministic !== false)
    const path = this.catalog.resolvePath(name.toLowerCase().split('.'))
    this.catalog.replaceFunction(registeredFunction(path, code as UserCode, { signature, deterministic }))
  }

  /** Jobs that this session started, newest last. */
  jobs(): readonly Job[] {
    return this.#jobs.list()
  }

  /** Every job of the script has ended well: the next run begins anew. */
  endScript(): void {
    this.#state.forgetScript(this.#log())
  }

  /** Cancels what runs and lets go of the data directory, in which nothing is done afterwards. */
  async close(): Promise<void> {
    await Promise.all(this.#jobs.running().map((job) => job.cancel()))
    this.catalog.close()
    await Promise.all([...this.#jobs.list().map((job) => job.removed), this.#state.removed])
  }

  plannerContext(): PlannerContext {
    return {
      catalog: this.catalog,
      functions: this.functions,
      connectors: new Map(CONNECTOR_DESCRIPTORS.map((descriptor) => [descriptor.name, descriptor])),
      formats: new Map(FORMAT_DESCRIPTORS.map((descriptor) => [descriptor.name, descriptor])),
      configuration: this.configuration,
      evaluateConstant: (expression) =>
        evaluateConstant(expression as Expression, createEnvironment(this.configuration, this.#clock())),
    }
  }

  scope(sql: string): StatementScope {
    return {
      sql,
      catalog: this.catalog,
      configuration: this.configuration,
      functions: this.functions,
      planner: this.plannerContext(),
      jobs: this.#jobs,
      dataDirectory: this.#dataDirectory,
      startJob: (request) => this.#startJob(request),
    }
  }

  #clock(): Clock {
    return this.#options.clock ?? SYSTEM_CLOCK
  }

  #log(): (text: string) => void {
    return this.#options.onNotice ?? (() => undefined)
  }

  async #startJob(request: JobRequest): Promise<Job> {
    const savepoint = this.configuration.get('execution.state-recovery.path')
    const job = runJob({
      graph: request.graph,
      name: request.name,
      stateName: request.durable ? this.#state.take(request.name) : request.name,
      keepFinished: this.#state.keepFinished,
      configuration: this.configuration.snapshot(),
      connectors: CONNECTORS,
      dataDirectory: request.durable ? this.#dataDirectory : undefined,
      output: this.#options.output ?? STANDARD_OUTPUT,
      clock: this.#clock(),
      log: this.#log(),
      ...(savepoint === undefined || !request.durable ? {} : { savepointPath: savepoint }),
      ...(request.onCollect === undefined ? {} : { onCollect: request.onCollect }),
      ...(this.#options.onCheckpointPhase === undefined ? {} : { onPhase: this.#options.onCheckpointPhase }),
    })
    const release = (): void => {
      if (request.durable) this.#state.release(request.name)
    }
    void job.finished.then(release, release)
    return job
  }
}
