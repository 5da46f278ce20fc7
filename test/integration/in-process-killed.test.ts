import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { expect, test } from 'vitest'
import { serveTollgate } from '../../demo/tollgate.ts'
import { createScratchFolder, createSocketFolder } from '../../scripts/state-folder.ts'
import { makeTokenText } from '../../src/core/token-text.ts'
import { createCheckClient } from '../rpc/support/check-client.ts'
import { createLogClient } from '../rpc/support/log-client.ts'
import { createDatabase } from '../support/databases.ts'

const wheel = '/packages/aa/bb/0123/demo-1.0-py3-none-any.whl'
const extensions = { upstream: 'mirror' }

/** 1 credit and 1 for each MB; a size that is not known is taken for 2 MB, so an estimate is 3 credits. */
const policy = `
  INSERT INTO tollgate.plan (id) VALUES ('free');
  INSERT INTO tollgate.department (id) VALUES ('research');
  INSERT INTO tollgate.project (id, department) VALUES ('vision', 'research');
  INSERT INTO tollgate.account (id, project, plan) VALUES ('alice', 'vision', 'free');
  INSERT INTO tollgate.upstream (id, surface, origin_url, grammar) VALUES ('mirror', 'pypi', 'http://127.0.0.1:1', 'pypi');
  INSERT INTO tollgate.price_rule (id, surface, kind, base_credits, assumed_bytes) VALUES ('a', 'pypi', 'artifact', 1, 2000000);
  INSERT INTO tollgate.price_tier (price, from_bytes, credits_per_mb) VALUES ('a', 0, 1)`

test('kill -9 of a Tollgate that counts in process loses nothing the ledger had not read: ended requests as they ended, open ones at their estimate', async () => {
  await using database = await createDatabase()
  const sql = new pg.Client({ connectionString: database.url })
  await sql.connect()
  await sql.query(policy)
  const token = makeTokenText(randomBytes)
  await sql.query(
    `INSERT INTO tollgate.token (id, account, digest, hint, expires_at) VALUES ('t', 'alice', $1, 'tg_test', now() + interval '1 day')`,
    [createHash('sha256').update(token).digest('hex')],
  )
  const folder = createScratchFolder('in-process')
  const socket = join(createSocketFolder(), 'tollgate.sock')
  const start = () =>
    serveTollgate({
      logFile: join(folder, 'log'),
      settings: { DATABASE_URL: database.url, TOLLGATE_DATA_FOLDER: folder, TOLLGATE_GRPC_SOCKET: socket },
    })
  const killed = await start()
  // Whatever the ledger reads until the kill, it can book none of it.
  await sql.query('BEGIN; LOCK TABLE tollgate.ledger_checkpoint IN ACCESS EXCLUSIVE MODE')
  const client = createCheckClient(`unix:${socket}`, { timeoutMs: 2_000 })
  const logs = createLogClient(`unix:${socket}`)
  const tickets: string[] = []
  for (let time = 0; time < 12; time += 1) {
    const { allowed, metadata } = await client.check({ token, path: wheel, extensions })
    expect(allowed).toBe(true)
    tickets.push(metadata['ticket'] ?? '')
  }
  for (const ticket of tickets.slice(0, 7)) logs.send({ ticket, bodyBytes: 5_000_000 })
  const metrics = async () => (await fetch(`${killed.opsUrl}/metrics`)).text()
  await expect.poll(metrics).toContain('tollgate_reports_total{state="final",answer="booked"} 7')
  await delay(50)
  await killed.kill()
  await sql.query('ROLLBACK')
  expect((await sql.query('SELECT FROM tollgate.usage_entry')).rowCount).toBe(0)
  const next = await start()
  const booked = async () =>
    (
      await sql.query(
        'SELECT state, unsettled, count(*)::int AS rows, sum(credits)::float AS credits FROM tollgate.usage_entry GROUP BY 1, 2 ORDER BY 1',
      )
    ).rows
  await expect.poll(booked, { timeout: 20_000 }).toEqual([
    { state: 'final', unsettled: false, rows: 7, credits: 42 },
    { state: 'open', unsettled: true, rows: 5, credits: 15 },
  ])
  // Envoy tells the new process what it could not tell the old one, and that still wins.
  const late = createLogClient(`unix:${socket}`)
  late.send({ ticket: tickets[11] ?? '', bodyBytes: 1_000_000 })
  await expect.poll(booked, { timeout: 20_000 }).toEqual([
    { state: 'final', unsettled: false, rows: 8, credits: 44 },
    { state: 'open', unsettled: true, rows: 4, credits: 12 },
  ])
  for (const one of [client, logs, late]) one.close()
  await next.stop()
  await sql.end()
})
