import type { Pool, PoolClient } from 'pg'
import { Fault } from '../core/fault.ts'
import type { DecisionFacts, QuotaRequest, RequestEnd, Requests } from '../manage/request-ports.ts'
import { inTransactionBy } from './acting.ts'
import { tellDecided } from './request-events.ts'
import { type Queryable, readPerson } from './request-people.ts'
import { requestQueries } from './request-queries.ts'
import { columnsOf, readFacts } from './request-rows.ts'

type Wanted = Parameters<Requests['end']>[0]
type Judge = Parameters<Requests['end']>[1]

interface Found {
  readonly id: string
  /** Absent: the operator. */
  readonly by?: string
}

/**
 * Ends a request in one transaction: the row, the grant that an approval makes, the event, and the link that was used. Locks are taken in the
 * order link, request, accounts, project, so that what the judge is told stays so until it is written.
 */
export function endRequest(pool: Pool, wanted: Wanted, judge: Judge): Promise<QuotaRequest | undefined> {
  return inTransactionBy(pool, 'by' in wanted ? wanted.by : undefined, async (client) => {
    const found = 'link' in wanted ? await useLink(client, wanted.link) : wanted
    const facts = found && (await holdFacts(client, found))
    if (found === undefined || facts === undefined) return undefined
    return writeEnd(client, { ...found, facts, end: judge(facts) })
  })
}

/** From here on the audit names the link's decider. */
async function useLink(client: PoolClient, digest: string): Promise<Found | undefined> {
  type Row = { readonly request: string; readonly decider: string }
  const [row] = (await client.query<Row>(requestQueries['request-use-link'], [digest])).rows
  if (row === undefined) return undefined
  await client.query("SELECT set_config('tollgate.actor', $1, true)", [row.decider])
  return { id: row.request, by: row.decider }
}

/** Everything a decision rests on, locked. */
async function holdFacts(client: PoolClient, { id, by }: Found): Promise<DecisionFacts | undefined> {
  type Row = { readonly account: string | null }
  const [held] = (await client.query<Row>(requestQueries['request-hold'], [id])).rows
  if (held === undefined) return undefined
  await client.query(requestQueries['request-hold-people'], [[by, held.account].filter((one) => one != null)])
  const facts = await readFacts(client, id)
  if (facts === undefined) return undefined
  if (facts.project !== undefined) await client.query(requestQueries['request-hold-project'], [facts.project])
  return decisionFacts(client, facts, by)
}

/** The facts with the decider and what leads have promised. */
export async function decisionFacts(
  database: Queryable,
  facts: Omit<DecisionFacts, 'decider' | 'promised'>,
  by: string | undefined,
): Promise<DecisionFacts> {
  const decider = by === undefined ? undefined : await readPerson(database, by)
  const promised = await database.query<{ readonly promised: string }>(requestQueries['request-promised'], [
    facts.project ?? null,
    facts.limit?.counts ?? null,
  ])
  return { ...facts, ...(decider && { decider }), promised: promised.rows[0]?.promised ?? '0' }
}

async function writeEnd(
  client: PoolClient,
  { id, by, facts, end }: Found & { readonly facts: DecisionFacts; readonly end: RequestEnd },
): Promise<QuotaRequest> {
  const { request } = facts
  const granted = end.state === 'approved' ? end : undefined
  const note = 'note' in end ? end.note : ''
  const decidedBy = end.state === 'withdrawn' ? null : (by ?? null)
  const values = [id, end.state, decidedBy, note, granted === undefined ? null : id]
  const { rowCount } = await client.query(requestQueries['request-end'], values)
  if (rowCount !== 1) throw new Fault('conflict', `The request ${id} is no longer open`)
  if (granted !== undefined) {
    const { limitName, askedBy } = request
    const given = [id, limitName, ...columnsOf(request.for), granted.amount, new Date(granted.endsAtMs)]
    await client.query(requestQueries['grant-add'], [...given, `request of ${askedBy}`])
  }
  const ended = (await readFacts(client, id))?.request
  if (ended === undefined) throw new Fault('conflict', `The request ${id} is gone`)
  // Who takes their own request back need not be told.
  if (end.state !== 'withdrawn' || by !== request.askedBy) {
    await tellDecided(client, { ...facts, request: ended }, granted)
  }
  return ended
}
