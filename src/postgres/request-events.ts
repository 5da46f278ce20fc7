import type { PoolClient } from 'pg'
import type { NewAlertEvent } from '../core/alert-event.ts'
import type { AskedLimit, QuotaRequest, RequestFacts } from '../manage/request-ports.ts'
import { addAlertEvents } from './alert-events.ts'
import { readPerson, readPlace } from './request-people.ts'

/**
 * Tells of a new request: whoever listens to the project or department hears it, and in their own mail those who may decide. Who asked, and
 * whom it is for, do not.
 */
export async function tellAsked(client: PoolClient, { request, limit }: RequestFacts): Promise<void> {
  const place = await readPlace(client, request.for)
  const asker = await readPerson(client, request.askedBy)
  await addAlertEvents(client, [
    {
      key: `request_asked:${request.id}`,
      type: 'request_asked',
      level: 'info',
      ...(request.for.kind === 'account' && { account: request.for.id }),
      ...place,
      aboutMs: request.endsAtMs,
      data: { ...dataOf(request, limit), timeZone: asker?.timeZone ?? 'UTC' },
    },
  ])
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
