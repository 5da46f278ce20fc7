import { z } from 'zod'
import { issueToken } from '../manage/issue-token.ts'
import { listTokens } from '../manage/list-tokens.ts'
import type { ListedToken } from '../manage/ports.ts'
import { revokeToken } from '../manage/revoke-token.ts'
import { overlapDaysMax, rotateToken } from '../manage/rotate-token.ts'
import { may } from '../manage/who-may.ts'
import type { Caller } from './caller.ts'
import { afterOf, nextOf } from './cursor.ts'
import { line, shownTime, shownTimeOrNull, slug, time } from './fields.ts'
import { pageFields, pageSchema } from './page-fields.ts'
import type { PortalTools } from './ports.ts'
import { type Route, route } from './route.ts'
import { accountOf, forEach, nothing } from './whose.ts'

const dayMs = 86_400_000

const token = z.strictObject({
  id: slug,
  account: slug,
  hint: z.string().describe('Its first and last letters.'),
  state: z.enum(['active', 'expired', 'revoked']),
  note: z.string(),
  created_at: time,
  expires_at: time,
  revoked_at: time.nullable(),
  last_used_at: time.nullable(),
})

const issued = z.strictObject({
  secret: z.string().nullable().describe('Shown this once; null in the answer to a repeated request.'),
  token,
})

const days = z.number().positive().max(3_650).optional().describe('Days; as long as the plan allows when absent.')
const ofToken = z.strictObject({ token: slug })

/** Tokens: list, issue, rotate, revoke. */
export function tokenRoutes(tools: Pick<PortalTools, 'manage'>): readonly Route[] {
  return [...listed(tools), ...made(tools), ...changed(tools)]
}

function listed({ manage }: Pick<PortalTools, 'manage'>): readonly Route[] {
  return forEach(({ base, params, tag, whose }) =>
    route({
      ...{ method: 'GET', path: `${base}/tokens`, tag, params, answer: pageSchema(token) },
      summary: `Tokens by their hints, the newest first: ${whose} own`,
      query: z.strictObject(pageFields),
      handle: async ({ params, query, caller }) => {
        const { account } = accountOf(params, caller, 'list tokens')
        const after = afterOf('tokens', query.cursor)
        const wish = { actor: caller.actor, account: account.id, after, countMax: query.limit }
        const { rows, next } = await listTokens(manage, wish)
        return { rows: rows.map(shownToken), next: nextOf('tokens', next) }
      },
    }),
  )
}

function made({ manage }: Pick<PortalTools, 'manage'>): readonly Route[] {
  return forEach(({ base, params, tag, whose }) =>
    route({
      ...{ method: 'POST', path: `${base}/tokens`, tag, params, answer: issued, status: 201, secret: 'secret' },
      summary: `Issue a token: ${whose} own. Its secret is in this answer and nowhere else`,
      body: z.strictObject({ lifetime_days: days, note: line(500).default('') }),
      handle: async ({ params, body, caller }) => {
        const { account } = accountOf(params, caller, 'issue tokens')
        const lifetimeMs = msOfDays(body.lifetime_days)
        const wish = { actor: caller.actor, account: account.id, note: body.note, lifetimeMs }
        const { secret, token } = await issueToken(manage, wish)
        return { secret, token: shownToken(token) }
      },
    }),
  )
}

function changed({ manage }: Pick<PortalTools, 'manage'>): readonly Route[] {
  return [
    route({
      ...{ method: 'POST', path: '/api/tokens/:token/rotate', tag: 'tokens', answer: issued, status: 201 },
      secret: 'secret',
      summary: 'Replace a token by a new one; the old one goes on working for the overlap, or to its own end',
      params: ofToken,
      body: z.strictObject({
        overlap_days: z.number().min(0).max(overlapDaysMax).default(1).describe('At most 7.'),
        lifetime_days: days,
      }),
      handle: async ({ params, body, caller }) => {
        await assertKnown(manage, caller, params.token)
        const lifetimeMs = msOfDays(body.lifetime_days)
        const overlapMs = msOfDays(body.overlap_days) ?? 0
        const wish = { actor: caller.actor, id: params.token, overlapMs, lifetimeMs }
        const { secret, token } = await rotateToken(manage, wish)
        return { secret, token: shownToken(token) }
      },
    }),
    route({
      ...{ method: 'POST', path: '/api/tokens/:token/revoke', tag: 'tokens', params: ofToken, answer: token },
      summary: 'End a token now; once more changes nothing',
      handle: async ({ params, caller }) => {
        await assertKnown(manage, caller, params.token)
        return shownToken(await revokeToken(manage, { actor: caller.actor, id: params.token }))
      },
    }),
  ]
}

function msOfDays(days: number | undefined): number | undefined {
  return days === undefined ? undefined : Math.round(days * dayMs)
}

/** Of a foreign token the caller learns no more than of one that is not there. */
async function assertKnown({ directory }: PortalTools['manage'], { actor }: Caller, id: string): Promise<void> {
  const token = await directory.token(id)
  const holder = token && (await directory.holder(token.account))
  if (holder === undefined || !may(actor, 'list tokens', holder)) throw nothing('token', id)
}

function shownToken(one: ListedToken): z.output<typeof token> {
  const { id, account, hint, state, note, createdAtMs, expiresAtMs, revokedAtMs, lastUsedAtMs } = one
  return {
    ...{ id, account, hint, state, note, created_at: shownTime(createdAtMs), expires_at: shownTime(expiresAtMs) },
    revoked_at: shownTimeOrNull(revokedAtMs),
    last_used_at: shownTimeOrNull(lastUsedAtMs),
  }
}
