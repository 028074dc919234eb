/** Jars from Maven Central, fetched once into the git-ignored services directory. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SERVICES_DIRECTORY, ServiceUnavailable } from './server.ts'

export interface Artifact {
  readonly group: string
  readonly artifact: string
  readonly version: string
}

/**
 * @param name of the folder, with the version in it
 * @returns the folder of the jars and of what they depend on
 * @throws ServiceUnavailable where there is no Java, no Maven or no network
 */
export function fetchJars(name: string, artifacts: readonly Artifact[]): string {
  const directory = join(SERVICES_DIRECTORY, name)
  if (existsSync(directory)) return directory
  requireCommand(name, 'java', ['-version'])
  requireCommand(name, 'mvn', ['--version'])
  mkdirSync(SERVICES_DIRECTORY, { recursive: true })
  const work = mkdtempSync(join(SERVICES_DIRECTORY, 'fetch-'))
  writeFileSync(join(work, 'pom.xml'), pom(artifacts))
  try {
    execFileSync(
      'mvn',
      ['-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=lib', '-DincludeScope=runtime'],
      { cwd: work, stdio: 'ignore' },
    )
  } catch {
    throw new ServiceUnavailable(`the jars of ${name} could not be fetched from Maven Central`)
  }
  renameSync(join(work, 'lib'), directory)
  rmSync(work, { recursive: true })
  return directory
}

export function requireCommand(service: string, command: string, args: readonly string[]): void {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
  } catch {
    throw new ServiceUnavailable(`${service} needs "${command}", which is not installed`)
  }
}

function pom(artifacts: readonly Artifact[]): string {
  const dependencies = artifacts.map(
    ({ group, artifact, version }) =>
      `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`,
  )
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>test</groupId><artifactId>test</artifactId><version>1</version>
<dependencies>${dependencies.join('')}</dependencies></project>`
}
