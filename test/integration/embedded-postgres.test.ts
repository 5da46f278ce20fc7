import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createScratchFolder } from '../../scripts/state-folder.ts'
import { bundledPostgresFolder, type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/postgres/embedded.ts'

const EMBEDDED = new URL('../../src/postgres/embedded.ts', import.meta.url).href

async function start(dataFolder: string): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres({ binariesFolder: bundledPostgresFolder, dataFolder, fsync: false })
  onTestFinished(() => postgres.stop())
  return postgres
}

async function query(url: string, sql: string): Promise<readonly unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows.flat()
  } finally {
    await client.end()
  }
}

/** The process that must not be outlived: it starts a PostgreSQL, prints its URL, and waits to be killed. */
async function startInAnotherProcess(dataFolder: string): Promise<{ readonly url: string; kill(): Promise<void> }> {
  const options = JSON.stringify({ binariesFolder: bundledPostgresFolder, dataFolder, fsync: false })
  const script = `const { startEmbeddedPostgres } = await import('${EMBEDDED}')
    console.log((await startEmbeddedPostgres(${options})).url)
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(child.stdout, 'data')
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  return { url: String(line).trim(), kill }
}

describe('startEmbeddedPostgres()', () => {
  test('keeps what was committed over a stop and over a kill', async () => {
    const dataFolder = createScratchFolder('postgres')
    const first = await start(dataFolder)
    await query(first.url, 'CREATE TABLE note AS SELECT 1 AS line')
    await first.stop()
    const second = await start(dataFolder)
    await query(second.url, 'INSERT INTO note VALUES (2)')
    await second.kill()
    const third = await start(dataFolder)
    expect(await query(third.url, 'SELECT line FROM note ORDER BY line')).toEqual([1, 2])
  })

  test('asks for the password, which is random and closed to others', async () => {
    const dataFolder = createScratchFolder('postgres')
    const postgres = await start(dataFolder)
    const url = new URL(postgres.url)
    expect(url.password).toBe(readFileSync(join(dataFolder, 'password'), 'utf8'))
    expect(url.password).toMatch(/^[0-9a-f]{48}$/)
    url.password = 'wrong'
    await expect(query(url.href, 'SELECT 1')).rejects.toThrow('password authentication failed')
  })

  test('starts though a crash left a postmaster.pid whose number a living process has now', async () => {
    const dataFolder = createScratchFolder('postgres')
    const first = await start(dataFolder)
    await first.stop()
    writeFileSync(join(dataFolder, 'cluster/postmaster.pid'), `${process.pid}\n`)
    const second = await start(dataFolder)
    expect(await query(second.url, 'SELECT 1')).toEqual([1])
  })

  test('refuses a data folder whose PostgreSQL runs already', async () => {
    const dataFolder = createScratchFolder('postgres')
    await start(dataFolder)
    await expect(start(dataFolder)).rejects.toMatchObject({ code: 'already_running' })
  })

  test('refuses a port that something else listens on', async () => {
    const { port } = await start(createScratchFolder('postgres'))
    const options = { binariesFolder: bundledPostgresFolder, dataFolder: createScratchFolder('postgres'), fsync: false }
    await expect(startEmbeddedPostgres({ ...options, port })).rejects.toMatchObject({ code: 'already_running' })
  })

  test('says in one sentence how to get a missing PostgreSQL', async () => {
    const options = { binariesFolder: '/nowhere', dataFolder: createScratchFolder('postgres'), fsync: false }
    await expect(startEmbeddedPostgres(options)).rejects.toMatchObject({
      code: 'server_missing',
      message: expect.stringContaining('node scripts/bootstrap.mjs'),
    })
  })

  test('ends with the process that started it, even after SIGKILL, and the folder can be used again', async () => {
    const dataFolder = createScratchFolder('postgres')
    const other = await startInAnotherProcess(dataFolder)
    expect(await query(other.url, 'SELECT 1')).toEqual([1])
    await other.kill()
    const next = await start(dataFolder)
    expect(await query(next.url, 'SELECT 1')).toEqual([1])
    expect(existsSync(join(dataFolder, 'cluster/postmaster.pid'))).toBe(true)
    await expect(query(other.url, 'SELECT 1')).rejects.toThrow()
  })
})
