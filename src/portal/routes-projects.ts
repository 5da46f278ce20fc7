import { z } from 'zod'
import { listPeople } from '../manage/list-people.ts'
import type { ProjectPerson } from '../manage/ports.ts'
import { afterOf, nextOf } from './cursor.ts'
import { slug } from './fields.ts'
import { pageFields, pageSchema } from './page-fields.ts'
import type { PortalTools } from './ports.ts'
import { type Route, route } from './route.ts'
import { projectOf } from './whose.ts'

const person = z.strictObject({
  account: slug,
  kind: z.enum(['person', 'ci', 'service', 'mirror']),
  role: z.enum(['member', 'lead', 'admin']),
  plan: slug,
  time_zone: z.string(),
  disabled: z.boolean(),
  active_tokens: z.number(),
})

/** Who is in a project. What they used and were refused is with usage and refusals. */
export function projectRoutes({ people }: Pick<PortalTools, 'people'>): readonly Route[] {
  return [
    route({
      ...{ method: 'GET', path: '/api/projects/:project/people', tag: 'projects', answer: pageSchema(person) },
      summary: 'The accounts of a project by id',
      params: z.strictObject({ project: slug }),
      query: z.strictObject(pageFields),
      handle: async ({ params, query, caller }) => {
        const project = projectOf(params, caller).id
        const wish = { project, after: afterOf('people', query.cursor), countMax: query.limit }
        const { rows, next } = await listPeople({ people }, { actor: caller.actor, ...wish })
        return { rows: rows.map(shownPerson), next: nextOf('people', next) }
      },
    }),
  ]
}

function shownPerson(one: ProjectPerson): z.output<typeof person> {
  const { id, kind, role, plan, timeZone, isDisabled, activeTokens } = one
  return { account: id, kind, role, plan, time_zone: timeZone, disabled: isDisabled, active_tokens: activeTokens }
}
