import { z } from 'zod'
import { may } from '../manage/who-may.ts'
import type { RefusalCount } from '../usage/refusal-ports.ts'
import { shownTime, slug, time } from './fields.ts'
import { pageFields, pageSchema } from './page-fields.ts'
import type { PortalTools } from './ports.ts'
import { type Route, route } from './route.ts'
import { rangeFields, rangeOf } from './usage-range.ts'
import { accountOf, forEach, projectOf } from './whose.ts'

const refusal = z.strictObject({
  hour: time.describe('First instant of the hour.'),
  account: slug,
  surface: z.enum(['pypi', 'gpu']),
  resource: z.string().nullable().describe('The package or model; null: none, or not for the caller to see.'),
  limit: z.string().nullable().describe('The limit that refused; null when none did.'),
  cause: z.string(),
  count: z.number(),
  first_at: time,
  last_at: time,
})

const asked = z.strictObject({ ...rangeFields, ...pageFields })

type Tools = Pick<PortalTools, 'refusals' | 'nowMs'>

/** What was refused, by the hour. */
export function refusalRoutes({ refusals, nowMs }: Tools): readonly Route[] {
  const list = async (
    whose: { readonly account: string } | { readonly project: string },
    query: z.output<typeof asked>,
    showsPackages: boolean,
  ) => {
    const range = rangeOf(query, { nowMs: nowMs(), isByHour: true })
    const after = query.cursor === undefined ? {} : { after: query.cursor }
    const { rows, next = null } = await refusals.of({ ...whose, ...range, ...after, countMax: query.limit })
    return { rows: rows.map((row) => shownRefusal(row, showsPackages)), next }
  }
  return [
    ...forEach(({ base, params, tag, whose }) =>
      route({
        ...{ method: 'GET', path: `${base}/refusals`, tag, params, query: asked, answer: pageSchema(refusal) },
        summary: `What was refused and why, the latest hour first: ${whose} own`,
        handle: async ({ params, query, caller }) => {
          const { account, project } = accountOf(params, caller, 'see the refusals')
          const owner = { account: account.id, project: project.id }
          return list({ account: account.id }, query, may(caller.actor, 'see the packages', owner))
        },
      }),
    ),
    route({
      ...{ method: 'GET', path: '/api/projects/:project/refusals', tag: 'projects', query: asked },
      summary: 'What was refused to the people of a project',
      params: z.strictObject({ project: slug }),
      answer: pageSchema(refusal),
      handle: async ({ params, query, caller }) =>
        list({ project: projectOf(params, caller).id }, query, caller.actor.role === 'admin'),
    }),
  ]
}

function shownRefusal(one: RefusalCount, showsPackages: boolean): z.output<typeof refusal> {
  const { account, surface, resource, limitName, cause, count, hourMs, firstAtMs, lastAtMs } = one
  return {
    ...{ account, surface, cause, count, hour: shownTime(hourMs) },
    resource: resource === '' || !showsPackages ? null : resource,
    limit: limitName === '' ? null : limitName,
    ...{ first_at: shownTime(firstAtMs), last_at: shownTime(lastAtMs) },
  }
}
