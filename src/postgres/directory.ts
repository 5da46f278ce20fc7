import type { Pool, PoolClient } from 'pg'
import { Fault } from '../core/fault.ts'
import type { Directory, ListedToken, NewToken, TokenHolder, TokenJudge } from '../manage/ports.ts'
import { inTransactionBy } from './acting.ts'
import { asPolicyFault } from './database-fault.ts'
import { directoryQueries } from './directory-queries.ts'

interface HolderRow {
  readonly account: string
  readonly project: string
  readonly disabled: boolean
  readonly plan: string
  readonly token_days_max: number
}

interface TokenRow {
  readonly id: string
  readonly account: string
  readonly hint: string
  readonly note: string
  readonly state: ListedToken['state']
  readonly created_at: Date
  readonly expires_at: Date
  readonly revoked_at: Date | null
  readonly last_used_at: Date | null
  readonly at_micros: string
}

type Queryable = Pick<Pool | PoolClient, 'query'>

/** People and tokens in PostgreSQL; see `Directory` for what it promises. */
export function createPostgresDirectory(pool: Pool): Directory {
  return {
    holder: (account) => asPolicyFault(pool, () => readHolder(pool, account)),
    token: (id) => asPolicyFault(pool, () => readToken(pool, id)),
    tokens: ({ account, after, countMax }) =>
      asPolicyFault(pool, async () => {
        const place = [after?.atMicros ?? null, after?.id ?? null] as const
        const rows = await readTokens(pool, [null, account ?? null, ...place, countMax])
        return rows.map((row) => ({ row: listedToken(row), atMicros: row.at_micros }))
      }),
    addToken: (token, { by, judge } = {}) =>
      asPolicyFault(pool, () => inTransactionBy(pool, by, (client) => addToken(client, token, judge))),
    replaceToken: (oldId, token, { overlapMs, by, judge }) =>
      asPolicyFault(pool, () =>
        inTransactionBy(pool, by, (client) => replaceToken(client, { oldId, token, overlapMs, judge })),
      ),
    revokeToken: (id, { by } = {}) =>
      asPolicyFault(pool, () =>
        inTransactionBy(pool, by, async (client) => {
          await client.query(directoryQueries['revoke-token'], [id])
          return readToken(client, id)
        }),
      ),
  }
}

async function readHolder(pool: Pool, account: string): Promise<TokenHolder | undefined> {
  const [row] = (await pool.query<HolderRow>(directoryQueries.holder, [account])).rows
  if (row === undefined) return undefined
  const { disabled: isDisabled, token_days_max: tokenDaysMax, project, plan } = row
  return { account: row.account, project, plan, isDisabled, tokenDaysMax }
}

async function readToken(database: Queryable, id: string): Promise<ListedToken | undefined> {
  return (await readTokens(database, [id, null, null, null, 1])).map(listedToken)[0]
}

async function readTokens(
  database: Queryable,
  wanted: readonly [
    id: string | null,
    account: string | null,
    afterMicros: string | null,
    afterId: string | null,
    countMax: number,
  ],
): Promise<readonly TokenRow[]> {
  return (await database.query<TokenRow>(directoryQueries.tokens, [...wanted])).rows
}

async function addToken(database: Queryable, token: NewToken, judge: TokenJudge | undefined): Promise<ListedToken> {
  const { id, account, digest, hint, lifetimeMs, note } = token
  if (judge !== undefined) judge(await othersOf(database, account))
  await database.query(directoryQueries['add-token'], [id, account, digest, hint, lifetimeMs, note])
  const added = await readToken(database, id)
  if (added === undefined) throw new Fault('not_valid', `The token ${id} was deleted while it was issued`)
  return added
}

/** What the judge decides on; nobody else adds a token for the account until the transaction ends. */
async function othersOf(database: Queryable, account: string): Promise<Parameters<TokenJudge>[0]> {
  await database.query(directoryQueries['hold-tokens'], [account])
  const { rows } = await database.query<Parameters<TokenJudge>[0]>(directoryQueries['count-tokens'], [account])
  return rows[0] ?? { active: 0, today: 0 }
}

async function replaceToken(
  client: PoolClient,
  {
    oldId,
    token,
    overlapMs,
    judge,
  }: {
    readonly oldId: string
    readonly token: NewToken
    readonly overlapMs: number
    readonly judge: TokenJudge | undefined
  },
): Promise<ListedToken | undefined> {
  const outlived = await client.query(directoryQueries['outlive-token'], [oldId, overlapMs, token.id])
  return outlived.rowCount === 0 ? undefined : addToken(client, token, judge)
}

function listedToken(row: TokenRow): ListedToken {
  return {
    id: row.id,
    account: row.account,
    hint: row.hint,
    state: row.state,
    note: row.note,
    createdAtMs: row.created_at.getTime(),
    expiresAtMs: row.expires_at.getTime(),
    ...(row.revoked_at && { revokedAtMs: row.revoked_at.getTime() }),
    ...(row.last_used_at && { lastUsedAtMs: row.last_used_at.getTime() }),
  }
}
