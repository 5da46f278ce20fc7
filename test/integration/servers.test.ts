import { Redis } from 'ioredis'
import pg from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startEnvoy } from '../../scripts/servers/envoy.ts'
import { createScratchFolder } from '../../scripts/state-folder.ts'
import { createDatabase } from '../support/databases.ts'
import { createKeyPrefix, sharedRedisUrl, startOwnRedis } from '../support/redis.ts'

const ECHO = { '@type': 'type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo' }

describe('the servers under the tests', () => {
  test('startEnvoy() tells the real port of every listener and reads its counters', async () => {
    const address = { socket_address: { address: '127.0.0.1', port_value: 0 } }
    const filters = [{ name: 'envoy.filters.network.echo', typed_config: ECHO }]
    const listeners = [{ name: 'echo', address, filter_chains: [{ filters }] }]
    const envoy = await startEnvoy({
      config: { static_resources: { listeners } },
      scratchFolder: createScratchFolder('envoy'),
    })
    onTestFinished(() => envoy.stop())
    expect(envoy.ports['echo']).toBeGreaterThan(0)
    expect(await envoy.stats('^server.live$')).toEqual({ 'server.live': 1 })
  })

  test('startEnvoy() rejects with the reason Envoy gives for a configuration it refuses', async () => {
    const start = startEnvoy({ config: { nonsense: true }, scratchFolder: createScratchFolder('envoy') })
    await expect(start).rejects.toThrow('nonsense')
  })

  test('startRedis() keeps an append-only file over a kill', async () => {
    const dataFolder = createScratchFolder('redis')
    const first = await startOwnRedis({ dataFolder, appendOnly: true, args: ['--appendfsync', 'always'] })
    const writer = new Redis(first.url)
    await writer.set('kept', 'yes')
    writer.disconnect()
    await first.kill()
    const second = await startOwnRedis({ dataFolder, appendOnly: true })
    onTestFinished(() => second.stop())
    const reader = new Redis(second.url)
    onTestFinished(() => reader.disconnect())
    expect(await reader.get('kept')).toBe('yes')
  })

  test('the shared Redis answers, and no two key prefixes are the same', async () => {
    const client = new Redis(sharedRedisUrl(), { keyPrefix: createKeyPrefix() })
    onTestFinished(() => client.disconnect())
    expect(await client.set('key', 'value')).toBe('OK')
    expect(createKeyPrefix()).not.toBe(createKeyPrefix())
  })

  test('createDatabase() gives databases that share nothing', async () => {
    await using first = await createDatabase()
    await using second = await createDatabase()
    const client = new pg.Client(first.url)
    await client.connect()
    await client.query('CREATE TABLE only_here ()')
    const other = new pg.Client(second.url)
    await other.connect()
    await expect(other.query('SELECT FROM only_here')).rejects.toThrow('does not exist')
    await Promise.all([client.end(), other.end()])
  })
})
