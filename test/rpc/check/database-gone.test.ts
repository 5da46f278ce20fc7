import { describe, expect, test } from 'vitest'
import { createScratchFolder } from '../../../scripts/state-folder.ts'
import { makeTokenText } from '../../../src/core/token-text.ts'
import { bundledPostgresFolder, startEmbeddedPostgres } from '../../../src/postgres/embedded.ts'
import { migrate } from '../../../src/postgres/migrate.ts'
import { startPlane } from '../support/plane.ts'

const wheel = '/packages/aa/bb/0123/demo-1.0-py3-none-any.whl'
const upstream = { upstream: 'mirror' }

describe.each(['redis', 'memory'] as const)('with the store in %s', (store) => {
  test('without PostgreSQL the last policy serves; an unknown token is our trouble (503), a known one passes; all heals by itself', async () => {
    const dataFolder = createScratchFolder('gone')
    const options = { binariesFolder: bundledPostgresFolder, dataFolder, fsync: false }
    const first = await startEmbeddedPostgres(options)
    await migrate(first.url)
    await using plane = await startPlane({ store, database: { url: first.url } })
    const client = plane.client()
    const token = await plane.token()
    const unknown = makeTokenText((count) => new Uint8Array(count).fill(7))
    const ask = (secret: string) => client.check({ token: secret, path: wheel, extensions: upstream })
    expect((await ask(token)).allowed).toBe(true)
    expect((await ask(unknown)).status).toBe(401)
    await first.stop()
    expect((await ask(token)).allowed).toBe(true)
    await expect.poll(async () => (await ask(unknown)).status, { timeout: 15_000 }).toBe(503)
    expect((await ask(token)).allowed).toBe(true)
    const again = await startEmbeddedPostgres({ ...options, port: first.port })
    await expect.poll(async () => (await ask(unknown)).status, { timeout: 15_000 }).toBe(401)
    expect((await ask(token)).allowed).toBe(true)
    await plane[Symbol.asyncDispose]()
    await again.stop()
  })
})
