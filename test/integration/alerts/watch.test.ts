import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Pool } from 'pg'
import { expect, test } from 'vitest'
import { grantEnding } from '../../../src/alerts/grant-ending.ts'
import { requestsTold } from '../../../src/alerts/requests-told.ts'
import { tokenExpiring } from '../../../src/alerts/token-expiring.ts'
import { tokenNetworks } from '../../../src/alerts/token-networks.ts'
import type { Condition } from '../../../src/alerts/watch.ts'
import type { WatchStore } from '../../../src/alerts/watch-ports.ts'
import { rotateToken } from '../../../src/manage/rotate-token.ts'
import { createPostgresDirectory } from '../../../src/postgres/directory.ts'
import { createPostgresWatchStore } from '../../../src/postgres/watch-store.ts'
import { openLedgerDatabase } from '../../support/ledger-database.ts'

const people = readFileSync(new URL('../../support/people.sql', import.meta.url), 'utf8')
const limit = `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window") VALUES ('d', 'daily', 'quota', 'credits', 100, 'day')`

interface World extends AsyncDisposable {
  readonly pool: Pool
  readonly store: WatchStore
  readonly other: WatchStore
  rows(sql: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>
  token(
    id: string,
    times: { readonly madeAgo: string; readonly endsIn: string; readonly account?: string },
  ): Promise<void>
  use(token: string, addresses: readonly string[]): Promise<void>
  told(type: string): Promise<readonly Record<string, unknown>[]>
}

async function openWorld(): Promise<World> {
  const database = await openLedgerDatabase()
  const { rows, pool } = database
  await pool.query(people)
  await pool.query(limit)
  let uses = 0
  return {
    ...{ rows, pool },
    store: createPostgresWatchStore(pool),
    other: createPostgresWatchStore(pool),
    async token(id, { madeAgo, endsIn, account = 'bob' }) {
      await rows(
        `INSERT INTO tollgate.token (id, account, digest, hint, created_at, expires_at)
         VALUES ($1::text, $2, encode(sha256(convert_to($1::text, 'UTF8')), 'hex'), 'tg_' || $1::text, now() - $3::interval, now() + $4::interval)`,
        [id, account, madeAgo, endsIn],
      )
    },
    async use(token, addresses) {
      for (const address of addresses) {
        uses += 1
        await rows(
          `INSERT INTO tollgate.usage_entry (mint_day, id, partition, is_home, at, account, project, department, token, address, upstream,
                  surface, kind, resource, file, outcome, state, unsettled, requests, credits, bytes, gpu_ms, subjects)
           VALUES (current_date, $1, 1, true, now(), 'bob', 'speech', 'research', $2, $3, 'mirror', 'pypi', 'artifact', 'torch', '', 'delivered',
                  'final', false, 1, 1, 1, 0, '{}')`,
          [`id${uses}`, token, address],
        )
      }
    },
    told: (type) =>
      rows(
        `SELECT level, account, project, department, data, ended_at IS NOT NULL AS ended FROM tollgate.alert_event
          WHERE type = $1 AND only_channel IS NULL ORDER BY at, key`,
        [type],
      ),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
}

/** Two processes on one database look at the same time, and both once more. */
async function lookTwice(world: World, of: (store: WatchStore) => Condition): Promise<void> {
  for (let round = 0; round < 2; round += 1) {
    await Promise.all([of(world.store).look(), of(world.other).look()])
  }
}

test('a token is told of 48, 24 and 2 hours before its end, once each, whoever looks and however often', async () => {
  await using world = await openWorld()
  await world.token('long', { madeAgo: '10 days', endsIn: '47 hours' })
  await lookTwice(world, tokenExpiring)
  const place = { account: 'bob', project: 'speech', department: 'research', ended: false }
  const data = { token: 'long', hint: 'tg_long', timeZone: 'UTC' }
  expect(await world.told('token_expiring')).toEqual([{ ...place, level: 'info', data: { ...data, hours: 48 } }])
  await world.rows("UPDATE tollgate.token SET expires_at = now() + interval '23 hours'")
  await lookTwice(world, tokenExpiring)
  await world.rows("UPDATE tollgate.token SET expires_at = now() + interval '90 minutes'")
  await lookTwice(world, tokenExpiring)
  expect(
    (await world.told('token_expiring')).map(({ level, data: said }) => [level, (said as { hours: number }).hours]),
  ).toEqual([
    ['info', 48],
    ['warning', 24],
    ['critical', 2],
  ])
})

test('only the nearest span is told, none that is as long as the whole life of the token, and nothing of one that is over', async () => {
  await using world = await openWorld()
  await world.token('late', { madeAgo: '10 days', endsIn: '1 hour' })
  await world.token('day', { madeAgo: '1 hour', endsIn: '23 hours' })
  await world.token('hours', { madeAgo: '1 minute', endsIn: '100 minutes' })
  await world.token('far', { madeAgo: '1 hour', endsIn: '3 days' })
  await world.token('revoked', { madeAgo: '3 days', endsIn: '1 hour' })
  await world.token('replaced', { madeAgo: '3 days', endsIn: '1 hour' })
  await world.token('of-carol', { madeAgo: '3 days', endsIn: '1 hour', account: 'carol' })
  await world.rows("UPDATE tollgate.token SET revoked_at = now() WHERE id = 'revoked'")
  await world.rows("UPDATE tollgate.token SET replaced_by = 'far' WHERE id = 'replaced'")
  await lookTwice(world, tokenExpiring)
  expect((await world.told('token_expiring')).map(({ data }) => data)).toEqual([
    { token: 'late', hint: 'tg_late', hours: 2, timeZone: 'UTC' },
  ])
})

test('a token that was rotated is not told of, nor is its successor before its time', async () => {
  await using world = await openWorld()
  await world.token('old', { madeAgo: '9 days', endsIn: '20 days' })
  const tools = { directory: createPostgresDirectory(world.pool), randomBytes }
  const wish = { actor: { kind: 'operator' }, id: 'old', overlapMs: 3_600_000 } as const
  const { token } = await rotateToken(tools, wish)
  await lookTwice(world, tokenExpiring)
  expect(await world.told('token_expiring')).toEqual([])
  expect(await world.rows("SELECT replaced_by FROM tollgate.token WHERE id = 'old'")).toEqual([
    { replaced_by: token.id },
  ])
})

test('more tokens than one look takes are all told, one look after the other', async () => {
  await using world = await openWorld()
  await world.rows(
    `INSERT INTO tollgate.token (id, account, digest, hint, created_at, expires_at)
     SELECT 't' || n, 'bob', encode(sha256(convert_to(n::text, 'UTF8')), 'hex'), 'tg_', now() - interval '9 days', now() + interval '1 hour'
       FROM generate_series(1, 1100) AS many (n)`,
  )
  const looks = []
  for (let count = 0; count < 3; count += 1) looks.push((await tokenExpiring(world.store).look()).hasMore)
  expect(looks).toEqual([true, true, false])
  expect(await world.told('token_expiring')).toHaveLength(1_100)
})

test('a token of a person on five networks within an hour is told once a day; of CI, and on four, not', async () => {
  await using world = await openWorld()
  await world.rows("INSERT INTO tollgate.account (id, project, plan, kind) VALUES ('robot', 'speech', 'long', 'ci')")
  for (const [id, account] of [
    ['shared', 'bob'],
    ['near', 'bob'],
    ['fleet', 'robot'],
  ] as const) {
    await world.token(id, { madeAgo: '1 hour', endsIn: '5 days', account })
  }
  const networks = ['203.0.113.1', '198.51.100.7', '192.0.2.9', '2001:db8:1:2::/64']
  await world.use('near', [...networks, '203.0.113.200', '192.0.2.77', 'unknown', ''])
  await world.use('fleet', [...networks, '10.1.1.1', '10.1.2.1'])
  await world.use('shared', networks)
  await lookTwice(world, tokenNetworks)
  expect(await world.told('token_networks')).toEqual([])
  await world.use('shared', ['2001:db8:1:3::/64'])
  await lookTwice(world, tokenNetworks)
  await world.use('shared', ['10.0.0.1'])
  await lookTwice(world, tokenNetworks)
  expect(await world.told('token_networks')).toEqual([
    {
      ...{ level: 'warning', account: 'bob', project: 'speech', department: 'research', ended: false },
      data: { token: 'shared', hint: 'tg_shared', networks: 5, hours: 1, timeZone: 'UTC' },
    },
  ])
})

test('networks of more than an hour ago are forgotten and count for nothing', async () => {
  await using world = await openWorld()
  await world.token('shared', { madeAgo: '1 hour', endsIn: '5 days' })
  await world.use('shared', ['10.0.0.1', '10.0.1.1', '10.0.2.1', '10.0.3.1'])
  await tokenNetworks(world.store).look()
  await world.rows("UPDATE tollgate.token_network SET seen_at = now() - interval '61 minutes'")
  await world.rows('DELETE FROM tollgate.usage_entry')
  await world.use('shared', ['10.0.4.1'])
  await tokenNetworks(world.store).look()
  expect(await world.told('token_networks')).toEqual([])
  expect(await world.rows('SELECT network FROM tollgate.token_network')).toEqual([{ network: '10.0.4' }])
})

test('a grant is told of a day and an hour before its end, if it lasted more than twice that', async () => {
  await using world = await openWorld()
  const grant = (id: string, [ago, left]: readonly [string, string], rest = "'raise', 'bob', NULL, 50, 0") =>
    world.rows(
      `INSERT INTO tollgate.grant (id, limit_name, starts_at, ends_at, kind, account, project, amount, spent)
       VALUES ('${id}', 'daily', now() - interval '${ago}', now() + interval '${left}', ${rest})`,
    )
  await grant('long', ['3 days', '23 hours'])
  await grant('short', ['25 hours', '22 hours'])
  await grant('bridge', ['70 minutes', '45 minutes'])
  await grant('brief', ['10 minutes', '50 minutes'])
  await grant('of-all', ['3 days', '20 minutes'], "'raise', NULL, 'vision', 12.5, 0")
  await grant('spent', ['3 days', '20 minutes'], "'pack', 'bob', NULL, 50, 50")
  await lookTwice(world, grantEnding)
  const bob = { account: 'bob', project: 'speech', department: 'research' }
  const data = { kind: 'raise', limitName: 'daily', counts: 'credits' }
  const found = (await world.told('grant_ending')).toSorted((left, right) =>
    JSON.stringify(left['data']).localeCompare(JSON.stringify(right['data'])),
  )
  expect(found).toEqual(
    [
      {
        ...bob,
        level: 'info',
        ended: false,
        data: { ...data, grant: 'long', amount: '50', hours: 24, timeZone: 'UTC' },
      },
      {
        ...{ account: null, project: 'vision', department: 'research' },
        level: 'warning',
        ended: false,
        data: { ...data, grant: 'of-all', amount: '12.5', hours: 1 },
      },
    ].toSorted((left, right) => JSON.stringify(left.data).localeCompare(JSON.stringify(right.data))),
  )
})

test('an open request whose time is over expires, is told and is in the audit, once though two processes look', async () => {
  await using world = await openWorld()
  await world.rows(
    `INSERT INTO tollgate.quota_request (id, asked_by, limit_name, account, amount, asked_at, ends_at) VALUES
       ('late', 'alice', 'daily', 'alice', 50, now() - interval '2 hours', now() - interval '1 hour'),
       ('open', 'bob', 'daily', 'bob', 50, now() - interval '2 hours', now() + interval '1 hour')`,
  )
  await lookTwice(world, requestsTold)
  expect(
    await world.rows(
      'SELECT id, state, decided_at IS NULL AS open, decided_by FROM tollgate.quota_request ORDER BY id',
    ),
  ).toEqual([
    { id: 'late', state: 'expired', open: false, decided_by: null },
    { id: 'open', state: 'open', open: true, decided_by: null },
  ])
  expect(await world.told('request_decided')).toEqual([
    expect.objectContaining({
      account: 'alice',
      data: expect.objectContaining({ request: 'late', state: 'expired', amount: '50' }),
    }),
  ])
  expect(
    await world.rows("SELECT by FROM tollgate.policy_change WHERE table_name = 'quota_request' AND old IS NOT NULL"),
  ).toEqual([{ by: 'tollgate' }])
})

test('what is asked and decided by plain SQL is told as if a use case had written it', async () => {
  await using world = await openWorld()
  await world.rows(
    `INSERT INTO tollgate.quota_request (id, asked_by, limit_name, account, amount, ends_at) VALUES
       ('one', 'alice', 'daily', 'alice', 50, now() + interval '1 day'), ('two', 'alice', 'daily', 'alice', 60, now() + interval '1 day')`,
  )
  await lookTwice(world, requestsTold)
  expect((await world.told('request_asked')).map(({ data }) => (data as { request: string }).request)).toEqual([
    'one',
    'two',
  ])
  await world.rows(
    "SELECT tollgate.approve_request('one', less => 20), tollgate.decline_request('two', 'wait for Monday')",
  )
  await lookTwice(world, requestsTold)
  expect((await world.told('request_decided')).map(({ data }) => data)).toEqual([
    expect.objectContaining({ request: 'one', state: 'approved', amount: '20' }),
    expect.objectContaining({ request: 'two', state: 'declined', note: 'wait for Monday' }),
  ])
})
