import { z } from 'zod'
import type { Standing } from '../check/standing.ts'
import { Fault } from '../core/fault.ts'
import type { Principal } from '../core/principal.ts'
import { quotaStatusOf } from '../core/quota-status.ts'
import { shownNumber, unitWord } from '../core/shown-amount.ts'
import type { Caller } from './caller.ts'
import { shownTime, slug, time } from './fields.ts'
import type { PortalTools } from './ports.ts'
import { type Asked, type Route, route } from './route.ts'
import { accountOf, forEach } from './whose.ts'

/** So long the store is waited for. */
const lookMsMax = 2_000

const person = z.strictObject({
  account: slug,
  kind: z.enum(['person', 'ci', 'service', 'mirror']),
  role: z.enum(['member', 'lead', 'admin']),
  project: slug,
  department: slug,
  plan: slug,
  time_zone: z.string(),
  disabled: z.boolean(),
  token: z.strictObject({ id: slug, expires_at: time }).optional().describe('The token that this request came with.'),
})

const limit = z.strictObject({
  name: slug,
  kind: z.enum(['rate', 'quota', 'concurrency']),
  counts: z.string().describe('What is counted: requests, credits, bytes, GPU seconds or requests at once.'),
  per: z
    .string()
    .describe('Whose counter: of the account, the project, the department, the token, the address or everyone.'),
  subject: z.string(),
  surface: z.enum(['pypi', 'gpu', 'any']),
  used: z.number().nullable().describe('null while it is not known.'),
  amount: z.number().describe('What there is in a window; of a rate, at once.'),
  remaining: z.number().nullable(),
  window: z
    .string()
    .nullable()
    .describe('hour, day, month, or week_ and the day that it begins on; null for what refills.'),
  time_zone: z.string().describe('The zone that cuts the window.'),
  reset_at: time.describe('The end of the window; of a rate, when nothing is used any more.'),
  enforced: z.boolean(),
  rule: z.string().describe('The row of limit_rule.'),
})

const status = z.strictObject({
  used: z.number().nullable(),
  limit: z.number().nullable(),
  limit_name: z.string().nullable(),
  reset_at: z.string().nullable(),
  limits: z.array(
    z.strictObject({
      name: z.string(),
      kind: z.string(),
      counts: z.string(),
      per: z.string(),
      used: z.number().nullable(),
      limit: z.number(),
      window: z.string().nullable(),
      reset_at: z.string(),
      enforced: z.boolean(),
    }),
  ),
})

/** Who somebody is, and the limits as they stand. */
export function meRoutes(tools: PortalTools): readonly Route[] {
  return [
    ...forEach(({ base, params, tag }) =>
      route({
        ...{ method: 'GET', path: base, tag, params, answer: person },
        summary: tag === 'me' ? 'Who am I' : 'Who is this',
        handle: async ({ params, caller }) => shownPerson(accountOf(params, caller, 'see the use')),
      }),
    ),
    ...forEach(({ base, params, tag, whose }) =>
      route({
        ...{ method: 'GET', path: `${base}/limits`, tag, params },
        summary: `All limits as they stand: ${whose} own`,
        answer: z.strictObject({ limits: z.array(limit), at: time }),
        handle: async ({ params, caller, address }) => {
          const principal = accountOf(params, caller, 'see the use')
          const zone = principal.account.timeZone
          const standings = await standingsOf({ principal, address, caller }, tools)
          return { limits: standings.map((one) => shownLimit(one, zone)), at: shownTime(tools.storeNowMs()) }
        },
      }),
    ),
    route({
      ...{ method: 'GET', path: '/quota/status', tag: 'me', answer: status },
      summary: 'My quota in whole units, as the gate tells it under the same name',
      query: z.strictObject({ surface: z.enum(['pypi', 'gpu']).default('pypi') }),
      handle: async ({ query, caller, address }: Asked<unknown, { readonly surface: 'pypi' | 'gpu' }>) => {
        const views = await standingsOf({ principal: caller.principal, address, caller }, tools)
        const { limits, ...head } = quotaStatusOf(views, query.surface)
        return { ...head, limits: [...limits] }
      },
    }),
  ]
}

function shownPerson({ account, project, department, token }: Principal): z.output<typeof person> {
  return {
    ...{ account: account.id, kind: account.kind, role: account.role, plan: account.plan },
    ...{ project: project.id, department: department.id, time_zone: account.timeZone, disabled: account.disabled },
    ...(token && { token: { id: token.id, expires_at: shownTime(token.expiresAtMs) } }),
  }
}

async function standingsOf(
  who: { readonly principal: Principal; readonly address: string; readonly caller: Caller },
  { readStatus, storeNowMs }: PortalTools,
): Promise<readonly Standing[]> {
  const { principal, address, caller } = who
  const notAfterMs = storeNowMs() + lookMsMax
  const standings = await readStatus({ principal, address, snapshot: caller.snapshot, notAfterMs })
  if (standings === undefined) throw new Fault('store_unavailable', 'The spend store does not answer')
  return standings
}

/** `zone` is the account's, for limits without one. */
function shownLimit(one: Standing, zone: string): z.output<typeof limit> {
  const { name, kind, counts, per, subject, surface, used, amount, enforced, rule, window = null } = one
  return {
    ...{ name, kind, counts: unitWord(counts), per, subject, surface, window, enforced, rule },
    used: used === undefined ? null : shownNumber(counts, used),
    amount: shownNumber(counts, amount),
    remaining: used === undefined ? null : shownNumber(counts, Math.max(0, amount - used)),
    time_zone: one.timeZone ?? zone,
    reset_at: shownTime(one.resetAtMs),
  }
}
