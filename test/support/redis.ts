import { randomBytes } from 'node:crypto'
import { inject } from 'vitest'
import { type RedisOptions, type RunningRedis, startRedis } from '../../scripts/servers/redis.ts'
import { createScratchFolder } from '../../scripts/state-folder.ts'

/** The Redis that all test files share. Keep apart by createKeyPrefix(); never FLUSHALL, CONFIG or freeze it. */
export function sharedRedisUrl(): string {
  return inject('redisUrl')
}

/** A prefix that no other test uses, ending in a colon: pass it to the stores as `keyPrefix`. */
export function createKeyPrefix(): string {
  return `test${randomBytes(8).toString('hex')}:`
}

/** A Redis of one's own, for tests that freeze, kill, restart or configure it. Stop it at the end; it dies with the worker anyway. */
export function startOwnRedis(options: Partial<RedisOptions> = {}): Promise<RunningRedis> {
  return startRedis({ dataFolder: createScratchFolder('redis'), ...options })
}
