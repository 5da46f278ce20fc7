import type { Pool } from 'pg'
import type {
  CrowdedToken,
  EndingGrant,
  ExpiringToken,
  Place,
  StandingType,
  WatchStore,
} from '../alerts/watch-ports.ts'
import type { NewAlertEvent } from '../core/alert-event.ts'
import { addAlertEvents, createPostgresEventStore } from './alert-events.ts'
import { asPolicyFault } from './database-fault.ts'
import { inTransaction } from './transaction.ts'
import { watchQueries } from './watch-queries.ts'
import { expireRequests, tellRequests } from './watch-requests.ts'

interface FoundRow {
  readonly id: string
  readonly key: string
  readonly account: string | null
  readonly project: string | null
  readonly department: string | null
  readonly time_zone: string | null
}

interface TokenRow extends FoundRow {
  readonly hint: string
  readonly expires_at: Date
  readonly hours: number
}

interface CrowdedRow extends FoundRow {
  readonly hint: string
  readonly networks: number
}

interface GrantRow extends FoundRow {
  readonly kind: EndingGrant['kind']
  readonly limit_name: string
  readonly counts: EndingGrant['counts']
  readonly amount: string
  readonly ends_at: Date
  readonly hours: number
}

/** What is to be told in time, found in PostgreSQL; see `WatchStore`. */
export function createPostgresWatchStore(pool: Pool): WatchStore {
  const store = createPostgresEventStore(pool)
  const run = <T>(work: () => Promise<T>): Promise<T> => asPolicyFault(pool, work)
  return {
    expiringTokens: (hours, countMax) =>
      run(async () => {
        const { rows } = await pool.query<TokenRow>(watchQueries['expiring-tokens'], [hours, countMax])
        return rows.map(tokenOf)
      }),
    endingGrants: (hours, countMax) =>
      run(async () => {
        const { rows } = await pool.query<GrantRow>(watchQueries['ending-grants'], [hours, countMax])
        return rows.map(grantOf)
      }),
    crowdedTokens: ({ lookBackMs, networksMin, countMax }) =>
      run(async () => {
        await pool.query(watchQueries['forget-networks'])
        await pool.query(watchQueries['note-networks'], [lookBackMs / 1_000])
        const { rows } = await pool.query<CrowdedRow>(watchQueries['crowded-tokens'], [networksMin, countMax])
        return rows.map(crowdedOf)
      }),
    expireRequests: (countMax) => run(() => expireRequests(pool, countMax)),
    tellRequests: (countMax) => run(() => tellRequests(pool, countMax)),
    noteCaughtUp: (msAgo) =>
      run(async () => {
        await pool.query(watchQueries['note-caught-up'], [msAgo])
      }),
    caughtUpMsAgo: () =>
      run(async () => {
        const { rows } = await pool.query<{ readonly ms_ago: number }>(watchQueries['caught-up'])
        return rows[0]?.ms_ago
      }),
    add: async (events) => {
      await store.add(events)
    },
    stand: (type, events, { quietMs }) => run(() => stand(pool, { type, events, quietMs })),
  }
}

function stand(
  pool: Pool,
  {
    type,
    events,
    quietMs,
  }: { readonly type: StandingType; readonly events: readonly NewAlertEvent[]; readonly quietMs: number },
): Promise<void> {
  return inTransaction(pool, 'READ COMMITTED', async (client) => {
    const keys = events.map(({ key }) => key)
    const { rows } = await client.query<{ readonly key: string }>(watchQueries['end-conditions'], [type, keys, quietMs])
    const mayBeTold = new Set(rows.map(({ key }) => key))
    await addAlertEvents(
      client,
      events.filter(({ key }) => mayBeTold.has(key)),
    )
  })
}

function tokenOf({ hint, hours, expires_at: expiresAt, ...row }: TokenRow): ExpiringToken {
  return { ...foundOf(row), hint, hours, expiresAtMs: expiresAt.getTime() }
}

function crowdedOf({ hint, networks, ...row }: CrowdedRow): CrowdedToken {
  return { ...foundOf(row), hint, networks }
}

function grantOf({ kind, counts, amount, hours, ...row }: GrantRow): EndingGrant {
  const { limit_name: limitName, ends_at: endsAt } = row
  return { ...foundOf(row), kind, counts, amount, hours, limitName, endsAtMs: endsAt.getTime() }
}

function foundOf({ id, key, account, project, department, time_zone: timeZone }: FoundRow) {
  const place: Place = {
    ...(account !== null && { account }),
    ...(project !== null && { project }),
    ...(department !== null && { department }),
    ...(timeZone !== null && { timeZone }),
  }
  return { id, key, ...place }
}
