import type { Pool } from 'pg'
import { Fault } from '../core/fault.ts'
import type { Placed } from '../manage/ports.ts'
import type {
  DecisionFacts,
  GrantPage,
  KeptLink,
  ListedGrant,
  NewGrant,
  NewRequest,
  OtherRequests,
  QuotaRequest,
  RequestPage,
  Requests,
} from '../manage/request-ports.ts'
import { inTransactionBy } from './acting.ts'
import { decisionFacts, endRequest } from './end-request.ts'
import { tellAsked } from './request-events.ts'
import { type Queryable, readLimit, readPerson, readPlace } from './request-people.ts'
import { requestQueries } from './request-queries.ts'
import { columnsOf, type GrantRow, grantOf, type RequestRow, readFacts, requestOf } from './request-rows.ts'
import { asRowFault } from './row-refusal.ts'

interface InTime {
  readonly at_micros: string
}

/** Requests, grants and decision links in PostgreSQL; see `Requests` for what it promises. */
export function createPostgresRequests(pool: Pool): Requests {
  const run = <T>(work: () => Promise<T>): Promise<T> => asRowFault(pool, work)
  return {
    person: (account) => run(() => readPerson(pool, account)),
    placeOf: (beneficiary) => run(() => readPlace(pool, beneficiary)),
    limitOf: (name, beneficiary) => run(() => readLimit(pool, name, beneficiary)),
    request: (id) => run(() => readFacts(pool, id)),
    requests: (page) => run(() => listRequests(pool, page)),
    ask: (request, judge) => run(() => ask(pool, request, judge)),
    end: (wanted, judge) => run(() => endRequest(pool, wanted, judge)),
    grants: (page) => run(() => listGrants(pool, page)),
    grant: (id) => run(() => readGrant(pool, id)),
    addGrant: (grant) => run(() => addGrant(pool, grant)),
    endGrant: ({ id, by }) =>
      run(() =>
        inTransactionBy(pool, by, async (client) => {
          await client.query(requestQueries['grant-end'], [id])
          return readGrant(client, id)
        }),
      ),
    addLink: (link) => run(() => addLink(pool, link)),
    link: (digest) => run(() => readLink(pool, digest)),
  }
}

async function listRequests(database: Queryable, page: RequestPage): Promise<readonly Placed<QuotaRequest>[]> {
  const values = [...filtersOf(page), page.countMax]
  const { rows } = await database.query<RequestRow & InTime>(requestQueries['request-list'], values)
  return rows.map((row) => ({ row: requestOf(row), atMicros: row.at_micros }))
}

/** Who sees only their own is looked up as an account, which an index knows. */
function filtersOf({ state, project, account, visible, after }: RequestPage | GrantPage): readonly (string | null)[] {
  const isOwn = visible !== undefined && visible.project === undefined && account === undefined
  const who = isOwn ? [visible.account, null, null] : [account, visible?.account, visible?.project]
  return [state, project, ...who, after?.atMicros, after?.id].map((value) => value ?? null)
}

async function ask(pool: Pool, request: NewRequest, judge: (others: OtherRequests) => void): Promise<QuotaRequest> {
  const { id, askedBy, limitName, amount, endsAtMs, reason } = request
  return inTransactionBy(pool, request.by, async (client) => {
    await client.query(requestQueries['request-hold-asker'], [askedBy])
    const { rows } = await client.query<OtherRequests>(requestQueries['request-open-count'], [askedBy])
    judge(rows[0] ?? { open: 0, today: 0 })
    const values = [id, askedBy, limitName, ...columnsOf(request.for), amount, new Date(endsAtMs), reason]
    await client.query(requestQueries['request-add'], values)
    const facts = await readFacts(client, id)
    if (facts === undefined) throw new Fault('conflict', `The request ${id} was deleted while it was asked`)
    await tellAsked(client, facts)
    return facts.request
  })
}

async function listGrants(database: Queryable, page: GrantPage): Promise<readonly Placed<ListedGrant>[]> {
  const values = [null, ...filtersOf(page), page.countMax]
  const { rows } = await database.query<GrantRow & InTime>(requestQueries['grant-list'], values)
  return rows.map((row) => ({ row: grantOf(row), atMicros: row.at_micros }))
}

async function readGrant(database: Queryable, id: string): Promise<ListedGrant | undefined> {
  const values = [id, null, null, null, null, null, null, null, 1]
  const [row] = (await database.query<GrantRow>(requestQueries['grant-list'], values)).rows
  return row && grantOf(row)
}

async function addGrant(pool: Pool, grant: NewGrant): Promise<ListedGrant> {
  const { id, limitName, amount, endsAtMs, note } = grant
  return inTransactionBy(pool, grant.by, async (client) => {
    const values = [id, limitName, ...columnsOf(grant.for), amount, new Date(endsAtMs), note]
    await client.query(requestQueries['grant-add'], values)
    const added = await readGrant(client, id)
    if (added === undefined) throw new Fault('conflict', `The grant ${id} was deleted while it was given`)
    return added
  })
}

async function addLink(pool: Pool, { digest, request, decider, lifetimeMs }: KeptLink): Promise<number> {
  const values = [digest, request, decider, lifetimeMs]
  const { rows } = await pool.query<{ readonly expires_at: Date }>(requestQueries['request-add-link'], values)
  return rows[0]?.expires_at.getTime() ?? 0
}

async function readLink(pool: Pool, digest: string): Promise<DecisionFacts | undefined> {
  type Row = { readonly request: string; readonly decider: string }
  const [row] = (await pool.query<Row>(requestQueries['request-link'], [digest])).rows
  const facts = row && (await readFacts(pool, row.request))
  return facts && decisionFacts(pool, facts, row.decider)
}
