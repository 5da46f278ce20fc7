import type { TestProject } from 'vitest/node'
import { startRedis } from '../../scripts/servers/redis.ts'
import { createScratchFolder } from '../../scripts/state-folder.ts'
import { bundledPostgresFolder, startEmbeddedPostgres } from '../../src/postgres/embedded.ts'

declare module 'vitest' {
  interface ProvidedContext {
    postgresUrl: string
    redisUrl: string
  }
}

/** One PostgreSQL and one Redis for the whole run; both end with it. Tests reach them by databases.ts and redis.ts. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [postgres, redis] = await Promise.all([
    startEmbeddedPostgres({
      binariesFolder: bundledPostgresFolder,
      dataFolder: createScratchFolder('postgres'),
      fsync: false,
    }),
    startRedis({ dataFolder: createScratchFolder('redis') }),
  ])
  project.provide('postgresUrl', postgres.url)
  project.provide('redisUrl', redis.url)
  return async () => {
    await Promise.all([postgres.stop(), redis.stop()])
  }
}
