import { z } from 'zod'
import { endGrant } from '../manage/end-grant.ts'
import { giveGrant } from '../manage/give-grant.ts'
import { givePack, listPacks } from '../manage/give-pack.ts'
import { listGrants } from '../manage/list-grants.ts'
import type { ListedPack, PackTools } from '../manage/pack-ports.ts'
import type { RequestTools } from '../manage/request-ports.ts'
import { takeBridge } from '../manage/take-bridge.ts'
import { amount, instant } from './asked-fields.ts'
import { afterOf, nextOf } from './cursor.ts'
import { line, slug } from './fields.ts'
import { pageFields, pageSchema } from './page-fields.ts'
import { type Route, route } from './route.ts'
import { beneficiary, grantSchema, shownGrant } from './shown-request.ts'
import { accountOf, forEach } from './whose.ts'

type Tools = RequestTools & PackTools

const pack = z.strictObject({
  id: slug,
  limit: slug,
  amount: z.number(),
  lasts: z.enum(['day', 'month']),
  price: z.strictObject({ amount: z.number(), currency: z.string() }).nullable(),
  note: z.string(),
})

const seen = z.strictObject({
  state: z.enum(['coming', 'running', 'ended']).optional(),
  account: slug.optional(),
  project: slug.optional(),
  ...pageFields,
})

/** What is granted, packs, and the bridge. */
export function grantRoutes(tools: Tools): readonly Route[] {
  return [...granted(tools), ...packs(tools), ...bridge(tools)]
}

function granted(tools: Tools): readonly Route[] {
  return [
    route({
      ...{ method: 'GET', path: '/api/grants', tag: 'requests', query: seen, answer: pageSchema(grantSchema) },
      summary: "Grants: what raises one's own limits, of a lead the project's, of an admin all",
      handle: async ({ query, caller: { actor } }) => {
        const { state, account, project, limit: countMax, cursor } = query
        const after = afterOf('grants', cursor)
        const { rows, next } = await listGrants(tools, { actor, state, account, project, after, countMax })
        return { rows: rows.map(shownGrant), next: nextOf('grants', next) }
      },
    }),
    route({
      ...{ method: 'POST', path: '/api/grants', tag: 'admin', answer: grantSchema, status: 201 },
      summary: 'Give more of a limit for a while, without a request',
      body: z.strictObject({ limit: slug, for: beneficiary, amount, until: instant, note: line(500).default('') }),
      handle: async ({ body, caller: { actor } }) => {
        const { limit: limitName, for: whom, amount, until: untilMs, note } = body
        return shownGrant(await giveGrant(tools, { actor, limitName, for: whom, amount, untilMs, note }))
      },
    }),
    route({
      ...{ method: 'POST', path: '/api/grants/:grant/end', tag: 'admin', answer: grantSchema },
      summary: 'End a grant now; what was used of it stays used',
      params: z.strictObject({ grant: slug }),
      handle: async ({ params, caller: { actor } }) => shownGrant(await endGrant(tools, { actor, id: params.grant })),
    }),
  ]
}

function packs(tools: Tools): readonly Route[] {
  return [
    route({
      ...{ method: 'GET', path: '/api/packs', tag: 'requests', answer: z.strictObject({ rows: z.array(pack) }) },
      summary: 'Packs that can be given to an account',
      handle: async () => ({ rows: (await listPacks(tools)).map(shownPack) }),
    }),
    route({
      ...{ method: 'POST', path: '/api/accounts/:account/packs', tag: 'admin', answer: grantSchema, status: 201 },
      summary: 'Give an account a pack, from now on',
      params: z.strictObject({ account: slug }),
      body: z.strictObject({ pack: slug }),
      handle: async ({ params, body, caller }) => {
        const { account } = accountOf(params, caller, 'see the use')
        return shownGrant(await givePack(tools, { actor: caller.actor, account: account.id, pack: body.pack }))
      },
    }),
  ]
}

function bridge(tools: Tools): readonly Route[] {
  return forEach(({ base, params, tag, whose }) =>
    route({
      ...{ method: 'POST', path: `${base}/bridge`, tag, params, answer: grantSchema, status: 201 },
      summary: `A few percent more until the window ends, once per window, where the plan has it: ${whose} own`,
      body: z.strictObject({ limit: slug }),
      handle: async ({ params, body, caller }) => {
        const { account } = accountOf(params, caller, 'take the bridge')
        const wish = { actor: caller.actor, account: account.id, limitName: body.limit }
        return shownGrant(await takeBridge(tools, wish))
      },
    }),
  )
}

function shownPack({ id, limitName, amount, lasts, price, note }: ListedPack): z.output<typeof pack> {
  const cost = price === undefined ? null : { amount: Number(price.amount), currency: price.currency }
  return { id, limit: limitName, amount: Number(amount), lasts, price: cost, note }
}
