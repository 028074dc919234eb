/** Compiles the package for publishing: `dist/` with JavaScript and declarations. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, globSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = join(import.meta.dirname, '..')
rmSync(join(root, 'dist'), { recursive: true, force: true })
execFileSync(join(root, 'node_modules', '.bin', 'tsc'), ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' })
for (const file of globSync('state/*.d.ts', { cwd: root })) {
  mkdirSync(join(root, 'dist', dirname(file)), { recursive: true })
  copyFileSync(join(root, file), join(root, 'dist', file))
}
