import { setTimeout as delay } from 'node:timers/promises'
import type { Pool, PoolClient } from 'pg'
import { Fault } from '../core/fault.ts'
import type {
  ChannelBook,
  ChannelOwner,
  ChannelRow,
  ChannelScope,
  ListedChannel,
  ListedDelivery,
  Resent,
} from '../manage/channel-ports.ts'
import type { Page } from '../manage/ports.ts'
import { inTransactionBy } from './acting.ts'
import { type AlertEventRow, alertEventOf } from './alert-event-row.ts'
import { channelQueries as queries } from './channel-queries.ts'
import {
  type ChannelDatabaseRow,
  channelColumns,
  type DeliveryDatabaseRow,
  keptChannel,
  listedChannel,
  listedDelivery,
} from './channel-rows.ts'
import { asRowFault } from './row-refusal.ts'

type Database = Pool | PoolClient

/** Channels, deliveries and events in PostgreSQL; see `ChannelBook` for what it promises. */
export function createPostgresChannelBook(pool: Pool): ChannelBook {
  const safely = <T>(work: () => Promise<T>): Promise<T> => asRowFault(pool, work)
  return {
    kept: (id) => safely(async () => (await oneRow(pool, id)).map(keptChannel)[0]),
    channel: (id) => safely(async () => (await oneRow(pool, id)).map(listedChannel)[0]),
    channels: (scope, { after, countMax }) =>
      safely(async () => {
        const rows = await channelRows(pool, [...scopeValues(scope), null, after ?? null, countMax + 1])
        return cutToPage(rows.map(listedChannel), countMax)
      }),
    add: (row, { by, ownedMax }) => safely(() => add(pool, row, { by, ownedMax })),
    change: (row, by) => safely(() => change(pool, row, by)),
    remove: (id, by) =>
      safely(() =>
        inTransactionBy(pool, by, async (client) => {
          const removed = await client.query('DELETE FROM tollgate.alert_channel WHERE id = $1', [id])
          return removed.rowCount === 1
        }),
      ),
    resume: (id) => safely(async () => void (await pool.query(queries['channel-resume'], [id]))),
    addTest: (channel, options) => safely(() => addTest(pool, channel, options)),
    awaitDelivery: (event, waitMs) => safely(() => awaitDelivery(pool, event, waitMs)),
    delivery: (id) => safely(() => readDelivery(pool, id)),
    deliveries: ({ scope, channel, state, after, countMax }) =>
      safely(async () => {
        const values = [...scopeValues(scope), channel ?? null, state ?? null, after ?? null, countMax + 1, null, null]
        return cutToPage(await deliveryRows(pool, values), countMax)
      }),
    resend: (id) => safely(() => resend(pool, id)),
    events: ({ scope, after, countMax }) =>
      safely(async () => {
        const values = [...scopeValues(scope), after ?? null, countMax + 1]
        const { rows } = await pool.query<AlertEventRow>(queries['alert-events'], values)
        return cutToPage(rows.map(alertEventOf), countMax)
      }),
    hasOwner: ({ kind, id }) =>
      safely(async () => {
        const { rows } = await pool.query<{ is_there: boolean }>(queries['channel-owner'], [kind, id])
        return rows[0]?.is_there ?? false
      }),
  }
}

function scopeValues(scope: ChannelScope): readonly [kind: string, id: string | null] {
  return [scope.kind, 'id' in scope ? scope.id : null]
}

/** One row more than the page is asked for, to know whether there is another. */
function cutToPage<T extends { readonly id: string }>(rows: readonly T[], countMax: number): Page<T> {
  const shown = rows.slice(0, countMax)
  const next = rows.length > countMax ? shown.at(-1)?.id : undefined
  return { rows: shown, ...(next !== undefined && { next }) }
}

async function channelRows(database: Database, values: readonly unknown[]): Promise<readonly ChannelDatabaseRow[]> {
  return (await database.query<ChannelDatabaseRow>(queries['channel-rows'], [...values])).rows
}

function oneRow(database: Database, id: string): Promise<readonly ChannelDatabaseRow[]> {
  return channelRows(database, ['all', null, id, null, 1])
}

function add(
  pool: Pool,
  row: ChannelRow,
  { by, ownedMax }: { readonly by: string | undefined; readonly ownedMax: number | undefined },
): Promise<ListedChannel | undefined> {
  return inTransactionBy(pool, by, async (client) => {
    if (ownedMax !== undefined && (await countOf(client, row)) >= ownedMax) return undefined
    await client.query(queries['channel-add'], [channelColumns(row)])
    return (await oneRow(client, row.id)).map(listedChannel)[0]
  })
}

async function countOf(client: PoolClient, { owner }: ChannelRow): Promise<number> {
  if (owner.kind === 'installation') return 0
  await client.query(queries['channel-alone'], [owner.kind, owner.id])
  const { rows } = await client.query<{ count: number }>(queries['channel-count'], [owner.kind, owner.id])
  return rows[0]?.count ?? 0
}

function change(pool: Pool, row: ChannelRow, by: string | undefined): Promise<ListedChannel | undefined> {
  return inTransactionBy(pool, by, async (client) => {
    await client.query(queries['channel-change'], [channelColumns(row), row.formerSecret])
    return (await oneRow(client, row.id)).map(listedChannel)[0]
  })
}

function addTest(
  pool: Pool,
  { id, owner }: ListedChannel,
  { by, perHourMax }: { readonly by: string | undefined; readonly perHourMax?: number },
): Promise<string | undefined> {
  return inTransactionBy(pool, by, async (client) => {
    if (perHourMax !== undefined && (await testsOf(client, owner)) >= perHourMax) return undefined
    const { rows } = await client.query<{ id: string }>(queries['channel-test'], [id, by ?? null])
    if (rows[0] === undefined) throw new Fault('not_found', `There is no channel ${id}`)
    return rows[0].id
  })
}

async function testsOf(client: PoolClient, owner: ChannelOwner): Promise<number> {
  const values = scopeValues(owner)
  await client.query(queries['channel-alone'], [owner.kind, 'id' in owner ? owner.id : ''])
  const { rows } = await client.query<{ count: number }>(queries['channel-count-tests'], [...values])
  return rows[0]?.count ?? 0
}

async function deliveryRows(pool: Pool, values: readonly unknown[]): Promise<readonly ListedDelivery[]> {
  return (await pool.query<DeliveryDatabaseRow>(queries['delivery-rows'], [...values])).rows.map(listedDelivery)
}

async function readDelivery(pool: Pool, id: string): Promise<ListedDelivery | undefined> {
  return (await deliveryRows(pool, ['all', null, null, null, null, 1, id, null]))[0]
}

const askEveryMs = 100

async function awaitDelivery(pool: Pool, event: string, waitMs: number): Promise<ListedDelivery | undefined> {
  const endsAtMs = performance.now() + waitMs
  for (;;) {
    const [delivery] = await deliveryRows(pool, ['all', null, null, null, null, 1, null, event])
    // One that is to be tried again has told what there is to tell.
    const isOver = delivery !== undefined && (delivery.state !== 'pending' || delivery.error !== undefined)
    if ((isOver && delivery.state !== 'sending') || performance.now() >= endsAtMs) return delivery
    await delay(askEveryMs)
  }
}

async function resend(pool: Pool, id: string): Promise<Resent | undefined> {
  const { rows } = await pool.query<{ id: string }>(queries['delivery-resend'], [id])
  const delivery = await readDelivery(pool, rows[0]?.id ?? id)
  if (delivery === undefined) return undefined
  return rows[0] === undefined ? { kind: 'refused', state: delivery.state } : { kind: 'resent', delivery }
}
