import type { PoolClient } from 'pg'
import type { NewAlertEvent } from '../core/alert-event.ts'
import type { AskedLimit, QuotaRequest, RequestFacts } from '../manage/request-ports.ts'
import { addAlertEvents } from './alert-events.ts'
import { readPerson, readPlace } from './request-people.ts'
import { requestQueries } from './request-queries.ts'

interface Decider {
  readonly channel: string
  readonly decider: string
  readonly time_zone: string
}

/** Counters of a limit that leads give more of: those that nobody shares. */
const sharedBy: readonly string[] = ['project', 'department', 'everyone'] satisfies AskedLimit['per'][]

/**
 * Tells of a new request whoever listens to its project or department, and each decider who has a channel of their own: leads, or
 * administrators where no lead may decide or none would hear it. Nobody who asked is told as a decider.
 */
export async function tellAsked(client: PoolClient, { request, limit }: RequestFacts): Promise<void> {
  const place = await readPlace(client, request.for)
  const asker = await readPerson(client, request.askedBy)
  const account = request.for.kind === 'account' ? request.for.id : null
  const isForLeads = account !== null && limit !== undefined && !sharedBy.includes(limit.per)
  const { rows } = await client.query<Decider>(requestQueries['request-deciders'], [
    request.askedBy,
    account,
    (isForLeads && place?.project) || null,
  ])
  const event: NewAlertEvent = {
    key: `request_asked:${request.id}`,
    type: 'request_asked',
    level: 'info',
    ...place,
    aboutMs: request.endsAtMs,
    data: { ...dataOf(request, limit), timeZone: asker?.timeZone ?? 'UTC' },
  }
  const own = rows.map(({ channel, decider, time_zone: timeZone }) => ({
    ...event,
    key: `${event.key}:${channel}`,
    onlyChannel: channel,
    data: { ...event.data, decider, timeZone },
  }))
  await addAlertEvents(client, [event, ...own])
}

/** Tells who asked what became of it. `granted`: what an approval gave, which may be less than was asked. */
export async function tellDecided(
  client: PoolClient,
  { request, limit }: Pick<RequestFacts, 'request' | 'limit'>,
  granted: { readonly amount: string; readonly endsAtMs: number } | undefined,
): Promise<void> {
  const place = await readPlace(client, { kind: 'account', id: request.askedBy })
  const asker = await readPerson(client, request.askedBy)
  await addAlertEvents(client, [
    {
      key: `request_decided:${request.id}`,
      type: 'request_decided',
      level: 'info',
      account: request.askedBy,
      ...place,
      aboutMs: granted?.endsAtMs ?? request.endsAtMs,
      data: {
        ...dataOf({ ...request, amount: granted?.amount ?? request.amount }, limit),
        state: request.state,
        decidedBy: request.decidedBy ?? null,
        note: request.decisionNote,
        timeZone: asker?.timeZone ?? 'UTC',
      },
    },
  ])
}

function dataOf(request: QuotaRequest, limit: AskedLimit | undefined): NonNullable<NewAlertEvent['data']> {
  return {
    request: request.id,
    askedBy: request.askedBy,
    limitName: request.limitName,
    counts: limit?.counts ?? null,
    amount: request.amount,
    forKind: request.for.kind,
    forId: request.for.id,
    reason: request.reason,
  }
}
