import { defineConfig } from 'vitest/config'

// Two projects: `unit` needs nothing but Node and is part of `npm run ok`; `servers` gets one PostgreSQL and one Redis.
export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: '100%',
    reporters: ['default', './test/closing-line.ts'],
    projects: [
      {
        extends: true,
        // The bound is for what hangs, not a promise of speed: on a busy machine the first drawn text alone can take seconds.
        test: { name: 'unit', include: ['test/unit/**/*.test.ts', 'test/tidy.test.ts'], testTimeout: 30_000 },
      },
      {
        extends: true,
        test: {
          name: 'servers',
          include: ['test/**/*.test.ts'],
          exclude: ['test/unit/**', 'test/tidy.test.ts'],
          globalSetup: ['test/support/global-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
