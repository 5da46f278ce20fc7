import type { TestProject } from 'vitest/node'
import { startRedis } from '../../scripts/servers/redis.ts'
import { createScratchFolder, removeLeftScratch } from '../../scripts/state-folder.ts'
import { bundledPostgresFolder, startEmbeddedPostgres } from '../../src/postgres/embedded.ts'

declare module 'vitest' {
  interface ProvidedContext {
    postgresUrl: string
    redisUrl: string
  }
}

/** One PostgreSQL and one Redis for the whole run; both end with it. Tests reach them by databases.ts and redis.ts. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const postgres = await startEmbeddedPostgres({
    binariesFolder: bundledPostgresFolder,
    dataFolder: createScratchFolder('postgres'),
    fsync: false,
  })
  const redis = await startRedis({ dataFolder: createScratchFolder('redis') }).catch(async (error: unknown) => {
    await postgres.stop()
    throw error
  })
  project.provide('postgresUrl', postgres.url)
  project.provide('redisUrl', redis.url)
  return async () => {
    await Promise.all([postgres.stop(), redis.stop()])
    removeLeftScratch()
  }
}
