import type { Pool, PoolClient, QueryResult, QueryResultRow } from 'pg'
import type { Channel, DeliveryEnd, Due, Held, HeldDelivery, Outbox, Take, TargetMarker } from '../alerts/ports.ts'
import { type AlertEventRow, alertEventOf } from './alert-event-row.ts'
import { alertQueries as queries } from './alert-queries.ts'
import { inTransaction } from './transaction.ts'

/** How much is given up or forgotten at once. */
const upkeepMax = 1_000
/** Upkeep is nothing that anybody waits for: it gives way, and never keeps a process from ending for long. */
const upkeepLimits = 'SET LOCAL lock_timeout = 500; SET LOCAL statement_timeout = 5000'

/** Events and deliveries in PostgreSQL; see `Outbox` for what it promises. Events older than `eventDays` that no longer stand are forgotten. */
export function createPostgresOutbox(options: {
  readonly pool: Pool
  readonly eventDays: number
  /** Names the targets whose messages of a minute are counted. */
  readonly marker: TargetMarker
}): Outbox {
  const { pool, eventDays, marker } = options
  return {
    async route(countMax) {
      return (await pool.query<{ events: number }>(queries.route, [countMax])).rows[0]?.events ?? 0
    },
    async due({ except, countMax, failingMax }) {
      return dueOf((await pool.query<DueRow>(queries.due, [except, countMax, failingMax])).rows[0])
    },
    async hold(channel, take) {
      const { perMinuteMax } = take
      if (perMinuteMax === undefined) return holdWith(pool, channel, take)
      // Before the transaction: what opens a target may ask the database for its key.
      const target = await targetOf(pool, channel)
      if (target === undefined) return undefined
      const mark = await marker.markOf(target)
      return inTransaction(pool, 'READ COMMITTED', (client) =>
        holdPaced(client, { channel, mark, take, messagesMax: perMinuteMax }),
      )
    },
    async end(deliveries, end, by) {
      await pool.query(...endQuery(deliveries, end, by))
    },
    async rest(channel, { ms, why, isFailure }) {
      await pool.query(queries.rest, [channel, ms, shortened(why), isFailure])
    },
    async stopChannel(channel, why) {
      await pool.query(queries.stop, [channel, shortened(why)])
    },
    async giveUp() {
      const givenUp = await keepUp(pool, queries['give-up'], [upkeepMax])
      const { rows } = await keepUp<{ waiting: number }>(pool, queries.waiting, [])
      return { waiting: rows[0]?.waiting ?? 0, givenUp: givenUp.rowCount ?? 0 }
    },
    async forget() {
      return (await keepUp(pool, queries.forget, [eventDays, upkeepMax])).rowCount ?? 0
    },
  }
}

function keepUp<T extends QueryResultRow>(pool: Pool, text: string, values: unknown[]): Promise<QueryResult<T>> {
  return inTransaction(pool, 'READ COMMITTED', async (client) => {
    await client.query(upkeepLimits)
    return client.query<T>(text, values)
  })
}

interface DueRow {
  readonly has_unrouted: boolean
  readonly channels: Due['channels']
  readonly next_in_ms: number | null
}

function dueOf(row: DueRow | undefined): Due {
  const { has_unrouted: hasUnrouted = false, channels = [], next_in_ms: nextInMs = null } = row ?? {}
  return { hasUnrouted, channels, ...(nextInMs !== null && { nextInMs }) }
}

interface ChannelRow {
  readonly id: string
  readonly kind: Channel['kind']
  readonly account: string | null
  readonly project: string | null
  readonly department: string | null
  readonly target: string
  readonly secret: string | null
  readonly former_secret: string | null
  /** As JSON has times. */
  readonly former_secret_until: string | null
  readonly language: Channel['language']
  readonly time_zone: string | null
  readonly private_target: boolean
  readonly set_by_another: boolean
  readonly failures: number
}

interface HeldRow extends AlertEventRow {
  readonly delivery: string
  readonly attempts: number
  readonly age_ms: number
  readonly event_age_ms: number
  readonly channel: ChannelRow
  readonly account_zone: string | null
}

async function holdWith(database: Pool | PoolClient, channel: string, take: Take): Promise<Held | undefined> {
  const { by, countMax, holdMs } = take
  const { rows } = await database.query<HeldRow>(queries.hold, [channel, by, countMax, holdMs])
  const [first] = rows
  if (first === undefined) return undefined
  const { channel: row } = first
  return { channel: channelOf(row), failures: row.failures, deliveries: rows.map(heldDelivery), isDigest: false }
}

async function targetOf(pool: Pool, channel: string): Promise<string | undefined> {
  return (await pool.query<{ readonly target: string }>(queries.target, [channel])).rows[0]?.target
}

interface PaceRow {
  readonly used_ms_ago: readonly number[]
  readonly due: number
}

const minuteMs = 60_000

/** As many messages as the target still takes; when more wait than that, one that tells them all. */
async function holdPaced(
  client: PoolClient,
  wish: { readonly channel: string; readonly mark: string; readonly take: Take; readonly messagesMax: number },
): Promise<Held | undefined> {
  const { channel, mark, take, messagesMax } = wish
  const { rows } = await client.query<PaceRow>(queries.pace, [channel, take.digestMax, mark])
  const [pace] = rows
  if (pace === undefined || pace.due === 0) return undefined
  const left = messagesMax - pace.used_ms_ago.length
  if (left <= 0) {
    const oldestMs = pace.used_ms_ago[pace.used_ms_ago.length - messagesMax] ?? 0
    await client.query(queries.rest, [channel, Math.max(1, minuteMs - oldestMs), null, false])
    return undefined
  }
  const isDigest = pace.due > 1 && pace.due >= left
  const held = await holdWith(client, channel, {
    ...take,
    countMax: isDigest ? take.digestMax : Math.min(take.countMax, left),
  })
  if (held === undefined) return undefined
  await client.query(queries['use-pace'], [mark, isDigest ? 1 : held.deliveries.length])
  return { ...held, isDigest: isDigest && held.deliveries.length > 1 }
}

function channelOf(row: ChannelRow): Channel {
  return {
    id: row.id,
    kind: row.kind,
    ...(row.account !== null && { account: row.account }),
    ...(row.project !== null && { project: row.project }),
    ...(row.department !== null && { department: row.department }),
    target: row.target,
    ...(row.secret !== null && { secret: row.secret }),
    ...(row.former_secret !== null && { formerSecret: row.former_secret }),
    ...(row.former_secret_until !== null && { formerSecretUntilMs: Date.parse(row.former_secret_until) }),
    language: row.language,
    ...(row.time_zone !== null && { timeZone: row.time_zone }),
    isPrivateTarget: row.private_target,
    isOwnWord: !row.set_by_another,
  }
}

function heldDelivery(row: HeldRow): HeldDelivery {
  return {
    id: row.delivery,
    attempts: row.attempts,
    ageMs: row.age_ms,
    event: alertEventOf(row),
    eventAgeMs: row.event_age_ms,
    ...(row.account_zone !== null && { accountZone: row.account_zone }),
  }
}

function endQuery(deliveries: readonly string[], end: DeliveryEnd, by: string): [text: string, values: unknown[]] {
  if (end.kind === 'sent') return [queries['end-sent'], [deliveries, by, end.sentWith ?? null]]
  if (end.kind === 'failed') return [queries['end-failed'], [deliveries, by, shortened(end.error)]]
  const error = end.error === undefined ? null : shortened(end.error)
  return [queries['end-again'], [deliveries, by, end.inMs, end.isAttempt, error]]
}

const errorLengthMax = 500

/** What targets say goes into a row: bounded, and without what a row cannot hold. */
function shortened(text: string): string {
  return [...text.slice(0, 2 * errorLengthMax).replaceAll('\0', '')].slice(0, errorLengthMax).join('').toWellFormed()
}
