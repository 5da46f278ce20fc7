import { z } from 'zod'
import { Fault } from '../core/fault.ts'
import type { AdminTools } from '../manage/admin-ports.ts'
import { type Ban, type Banned, ban, listBans, unban } from '../manage/ban.ts'
import { instant } from './asked-fields.ts'
import { line, slug } from './fields.ts'
import { type Route, route } from './route.ts'

const tag = 'admin'

const shown = z.strictObject({
  id: z.string(),
  account: z.string().nullable(),
  network: z.string().nullable(),
  surface: z.enum(['pypi', 'gpu']).nullable(),
  reason: z.string(),
  until: z.string().nullable().describe('null: until it is lifted.'),
})

const whom = {
  account: slug.optional(),
  network: line(64).min(1).optional().describe('CIDR. Name an account or a network.'),
}

/** Who is refused everything, until when and why. */
export function banRoutes(tools: Pick<AdminTools, 'rows'>): readonly Route[] {
  return [
    route({
      ...{ method: 'GET', path: '/api/bans', tag, answer: z.strictObject({ rows: z.array(shown) }) },
      summary: 'Bans by id',
      handle: async ({ caller: { actor } }) => ({ rows: (await listBans(tools, { actor })).map(shownBan) }),
    }),
    route({
      ...{ method: 'POST', path: '/api/bans', tag, answer: shown, status: 201 },
      summary: 'Ban an account or a network; once more changes reason and end of the same ban',
      body: z.strictObject({
        ...whom,
        reason: line(200).min(1).describe('What the banned person reads.'),
        until: instant.optional(),
        surface: z.enum(['pypi', 'gpu']).optional(),
      }),
      handle: async ({ body, caller: { actor } }) => {
        const { reason, until: untilMs, surface } = body
        const rest = { ...(untilMs !== undefined && { untilMs }), ...(surface !== undefined && { surface }) }
        return shownBan((await ban(tools, { actor, banned: bannedOf(body), reason, ...rest })).new)
      },
    }),
    route({
      ...{ method: 'POST', path: '/api/bans/lift', tag, body: z.strictObject(whom), answer: shown },
      summary: 'Lift a ban; answers it as it was',
      handle: async ({ body, caller: { actor } }) =>
        shownBan((await unban(tools, { actor, banned: bannedOf(body) })).old),
    }),
  ]
}

function bannedOf({
  account,
  network,
}: {
  readonly account?: string | undefined
  readonly network?: string | undefined
}): Banned {
  if (account !== undefined && network === undefined) return { account }
  if (network !== undefined && account === undefined) return { network }
  throw new Fault('bad_request', 'Name an account or a network, one of them')
}

function shownBan(one: Ban): z.output<typeof shown> {
  const { id, account, network, surface, reason, expiresAt } = one
  return {
    ...{ id, reason, account: account ?? null, network: network ?? null },
    ...{ surface: surface ?? null, until: expiresAt ?? null },
  }
}
