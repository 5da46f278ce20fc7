import { inject } from 'vitest'
import { startWorld, type World, type WorldOptions } from '../../demo/world.ts'
import { createScratchFolder } from '../../scripts/state-folder.ts'
import { createDatabase } from './databases.ts'

let worlds = 0

/**
 * A whole world with a database and, in Redis, a key prefix of its own: `const world = await createWorld({ store: 'redis' })`,
 * `await world.stop()` at the end. `redisUrl` names another Redis than the one all tests share.
 */
export async function createWorld(
  options: Partial<WorldOptions> & { readonly store: 'redis' | 'memory' },
): Promise<World> {
  const { store, redisUrl = inject('redisUrl'), settings, ...rest } = options
  const database = await createDatabase()
  worlds += 1
  return startWorld({
    folder: createScratchFolder('world'),
    databaseUrl: database.url,
    ...(store === 'redis' ? { redisUrl } : {}),
    settings: { TOLLGATE_KEY_PREFIX: `e2e-${process.pid}-${worlds}`, TOLLGATE_LOG_LEVEL: 'debug', ...settings },
    ...rest,
  })
}
