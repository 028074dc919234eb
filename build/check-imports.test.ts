import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { wrongImports } from './check-imports.ts'

test('an import against the direction is found and explained', () => {
  const root = mkdtempSync(join(tmpdir(), 'millrace-imports-'))
  mkdirSync(join(root, 'planner/rules'), { recursive: true })
  writeFileSync(
    join(root, 'planner/rules/a.ts'),
    "import { x } from '../../executor/codegen/calc.ts'\nimport { y } from '../../core/types.ts'\n",
  )
  const found = wrongImports(root, ['planner/rules/a.ts'])
  expect(found.map(({ imported }) => imported)).toEqual(['executor/codegen/calc.ts'])
  expect(found[0]?.advice).toContain('the planner knows neither connectors nor the executor')
})
