import { chmodSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { createScratchFolder } from '../../scripts/state-folder.ts'
import { openDatabase } from '../../src/compose/database.ts'
import { databaseEndedSentence } from '../../src/compose/keep-database.ts'
import type { Fault } from '../../src/core/fault.ts'
import { readSettings } from '../../src/settings.ts'
import { silentObserver } from '../../src/telemetry/observer.ts'

async function openKept() {
  const folder = createScratchFolder('kept')
  // PostgreSQL may run as another user, who comes through here.
  chmodSync(folder, 0o711)
  const events: string[] = []
  const warnings = new Set<string>()
  const lost = Promise.withResolvers<Fault>()
  const observer = {
    ...silentObserver,
    warn: (name: string) => events.push(name),
    info: (name: string) => events.push(name),
  }
  const settings = readSettings({ TOLLGATE_DATA_FOLDER: folder })
  const database = await openDatabase(settings, { observer, warnings, onLost: lost.resolve })
  onTestFinished(() => database.close())
  const cluster = join(folder, 'postgres/cluster')
  const kill = (): boolean =>
    process.kill(Number.parseInt(readFileSync(join(cluster, 'postmaster.pid'), 'utf8'), 10), 'SIGKILL')
  return { database, cluster, kill, events, warnings, lost: lost.promise }
}

async function linesOf(url: string): Promise<number | undefined> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return (await client.query('SELECT line FROM note')).rows[0]?.line
  } catch {
    return undefined
  } finally {
    await client.end().catch(() => undefined)
  }
}

test('openDatabase() starts a PostgreSQL that was killed again, under the same URL, while one of its processes is still at work', async () => {
  const { database, kill, events, warnings } = await openKept()
  const busy = new pg.Client({ connectionString: database.url })
  busy.on('error', () => undefined)
  await busy.connect()
  await busy.query('CREATE TABLE note AS SELECT 1 AS line')
  // It looks up from its work only when it is done.
  const work = busy.query(
    'DO $$ BEGIN FOR i IN 1..30 LOOP PERFORM sum(x) FROM generate_series(1, 1000000) x; END LOOP; END $$',
  )
  const ended = work.catch(() => undefined)
  kill()
  await expect.poll(() => [...warnings], { timeout: 20_000 }).toEqual([databaseEndedSentence])
  await expect.poll(() => events.at(-1), { timeout: 60_000 }).toBe('embedded_postgres_started_again')
  expect(await linesOf(database.url)).toBe(1)
  expect(events).toEqual(['embedded_postgres_ended', 'embedded_postgres_started_again'])
  expect([...warnings]).toEqual([])
  await ended
})

test('openDatabase() says that a PostgreSQL is lost that cannot be started again', async () => {
  const { cluster, kill, lost, warnings } = await openKept()
  renameSync(join(cluster, 'PG_VERSION'), join(cluster, 'PG_VERSION.gone'))
  kill()
  await expect(lost).resolves.toMatchObject({
    code: 'internal',
    message: expect.stringMatching(
      /^The embedded PostgreSQL ended and cannot be started again: .*not a valid data directory/,
    ),
  })
  expect([...warnings]).toEqual([databaseEndedSentence])
})

test('a PostgreSQL that is closed stays closed', async () => {
  const { database, events } = await openKept()
  await database.close()
  await database.close()
  expect(await linesOf(database.url)).toBeUndefined()
  expect(events).toEqual([])
})
