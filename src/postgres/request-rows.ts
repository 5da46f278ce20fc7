import type { CountedQuantity } from '../core/quantity.ts'
import type { Beneficiary, ListedGrant, QuotaRequest, RequestFacts } from '../manage/request-ports.ts'
import { type Queryable, readLimit } from './request-people.ts'
import { requestQueries } from './request-queries.ts'

interface For {
  readonly account: string | null
  readonly project: string | null
  readonly department: string | null
}

export interface RequestRow extends For {
  readonly id: string
  readonly asked_by: string
  readonly limit_name: string
  readonly amount: string
  readonly counts: CountedQuantity | null
  readonly ends_at: Date
  readonly reason: string
  readonly state: QuotaRequest['state']
  readonly asked_at: Date
  readonly decided_by: string | null
  readonly decided_at: Date | null
  readonly decision_note: string
  readonly grant_id: string | null
  readonly granted_amount: string | null
  readonly granted_until: Date | null
}

export interface GrantRow extends For {
  readonly id: string
  readonly kind: ListedGrant['kind']
  readonly limit_name: string
  readonly amount: string
  readonly counts: CountedQuantity | null
  readonly spent: string
  readonly starts_at: Date
  readonly ends_at: Date
  readonly note: string
  readonly state: ListedGrant['state']
}

/** A request with what a decision rests on, the decider aside. */
export async function readFacts(database: Queryable, id: string): Promise<RequestFacts | undefined> {
  type Row = RequestRow & { readonly its_project: string | null; readonly askers_project: string; readonly now: Date }
  const [row] = (await database.query<Row>(requestQueries['request-read'], [id])).rows
  if (row === undefined) return undefined
  const request = requestOf(row)
  const limit = await readLimit(database, request.limitName, request.for)
  return {
    request,
    askersProject: row.askers_project,
    nowMs: row.now.getTime(),
    ...(row.its_project !== null && { project: row.its_project }),
    ...(limit && { limit }),
  }
}

export function requestOf(row: RequestRow): QuotaRequest {
  return {
    id: row.id,
    askedBy: row.asked_by,
    limitName: row.limit_name,
    for: beneficiaryOf(row),
    amount: row.amount,
    ...(row.counts !== null && { counts: row.counts }),
    endsAtMs: row.ends_at.getTime(),
    reason: row.reason,
    state: row.state,
    askedAtMs: row.asked_at.getTime(),
    ...(row.decided_by !== null && { decidedBy: row.decided_by }),
    ...(row.decided_at && { decidedAtMs: row.decided_at.getTime() }),
    decisionNote: row.decision_note,
    ...(row.grant_id !== null && { grantId: row.grant_id }),
    ...(row.granted_amount !== null &&
      row.granted_until !== null && { granted: { amount: row.granted_amount, endsAtMs: row.granted_until.getTime() } }),
  }
}

export function grantOf(row: GrantRow): ListedGrant {
  const { id, kind, limit_name: limitName, amount, counts, spent, state, note } = row
  const times = { startsAtMs: row.starts_at.getTime(), endsAtMs: row.ends_at.getTime() }
  return {
    id,
    kind,
    limitName,
    for: beneficiaryOf(row),
    amount,
    spent,
    ...times,
    state,
    note,
    ...(counts !== null && { counts }),
  }
}

/** For the three columns of which one is set. */
export function columnsOf({ kind, id }: Beneficiary): readonly (string | null)[] {
  return (['account', 'project', 'department'] as const).map((column) => (column === kind ? id : null))
}

function beneficiaryOf(row: For): Beneficiary {
  for (const kind of ['account', 'project'] as const) {
    const id = row[kind]
    if (id !== null) return { kind, id }
  }
  return { kind: 'department', id: row.department ?? '' }
}
