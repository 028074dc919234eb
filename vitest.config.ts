import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: ['**/*.service.test.ts', 'node_modules/**', 'dist/**'],
        },
      },
      {
        // Tests against real servers: see sql-tests/services/README.md.
        extends: true,
        test: {
          name: 'services',
          // They share the servers, and some break every connection.
          fileParallelism: false,
          include: ['**/*.service.test.ts'],
          exclude: ['node_modules/**', 'dist/**'],
          globalSetup: ['sql-tests/services/global-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
