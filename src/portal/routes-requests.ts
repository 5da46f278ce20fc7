import { z } from 'zod'
import { decideRequest } from '../manage/decide-request.ts'
import { listRequests } from '../manage/list-requests.ts'
import { readRequest } from '../manage/read-request.ts'
import { requestMore } from '../manage/request-more.ts'
import type { RequestTools } from '../manage/request-ports.ts'
import { withdrawRequest } from '../manage/withdraw-request.ts'
import { amount, instant } from './asked-fields.ts'
import { afterOf, nextOf } from './cursor.ts'
import { line, slug } from './fields.ts'
import { pageFields, pageSchema } from './page-fields.ts'
import { type Route, route } from './route.ts'
import { beneficiary, requestSchema, shownRequest } from './shown-request.ts'

const tag = 'requests'
const ofRequest = z.strictObject({ request: slug })
const note = line(500).default('')

const wish = z.strictObject({
  limit: slug.describe('The name of the limit.'),
  for: beneficiary.optional().describe('Absent: for oneself.'),
  amount: amount.describe('How much more in every window, in the unit of the limit.'),
  until: instant.describe('Until when.'),
  reason: line(500).default(''),
})

const seen = z.strictObject({
  state: z.enum(['open', 'approved', 'declined', 'withdrawn', 'expired']).optional(),
  account: slug.optional().describe('For it or by it.'),
  project: slug.optional().describe('For it, or for or by its people.'),
  ...pageFields,
})

/** Asking for more, and deciding. */
export function requestRoutes(tools: RequestTools): readonly Route[] {
  return [...asking(tools), ...deciding(tools)]
}

function asking(tools: RequestTools): readonly Route[] {
  return [
    route({
      ...{ method: 'POST', path: '/api/requests', tag, body: wish, answer: requestSchema, status: 201 },
      summary: 'Ask for more of a limit for a while; those who may decide are told',
      handle: async ({ body, caller: { actor } }) => {
        const { limit: limitName, for: beneficiary, amount, until: untilMs, reason } = body
        const asked = { actor, askedBy: actor.id, limitName, for: beneficiary, amount, untilMs, reason }
        return shownRequest(await requestMore(tools, asked))
      },
    }),
    route({
      ...{ method: 'GET', path: '/api/requests', tag, query: seen, answer: pageSchema(requestSchema) },
      summary: "Requests, the newest first: one's own, of a lead the project's, of an admin all",
      handle: async ({ query, caller: { actor } }) => {
        const { state, account, project, limit: countMax, cursor } = query
        const after = afterOf('requests', cursor)
        const { rows, next } = await listRequests(tools, { actor, state, account, project, after, countMax })
        return { rows: rows.map(shownRequest), next: nextOf('requests', next) }
      },
    }),
    route({
      ...{ method: 'GET', path: '/api/requests/:request', tag, params: ofRequest, answer: requestSchema },
      summary: 'One request',
      handle: async ({ params, caller: { actor } }) =>
        shownRequest(await readRequest(tools, { actor, id: params.request })),
    }),
    route({
      ...{ method: 'POST', path: '/api/requests/:request/withdraw', tag, params: ofRequest, answer: requestSchema },
      summary: "Take one's own open request back",
      handle: async ({ params, caller: { actor } }) =>
        shownRequest(await withdrawRequest(tools, { actor, id: params.request })),
    }),
  ]
}

function deciding(tools: RequestTools): readonly Route[] {
  return [
    route({
      ...{ method: 'POST', path: '/api/requests/:request/approve', tag, params: ofRequest, answer: requestSchema },
      summary: 'Approve, all of it or less; in force within a second',
      body: z.strictObject({
        amount: amount.optional().describe('At most what is asked.'),
        until: instant.optional().describe('At the latest what is asked.'),
        note,
      }),
      handle: async ({ params, body, caller: { actor } }) => {
        const { amount, until: untilMs, note } = body
        const decision = { decision: 'approve', amount, untilMs, note } as const
        return shownRequest(await decideRequest(tools, { actor, id: params.request, ...decision }))
      },
    }),
    route({
      ...{ method: 'POST', path: '/api/requests/:request/decline', tag, params: ofRequest, answer: requestSchema },
      summary: 'Decline',
      body: z.strictObject({ note }),
      handle: async ({ params, body, caller: { actor } }) =>
        shownRequest(await decideRequest(tools, { actor, id: params.request, decision: 'decline', note: body.note })),
    }),
  ]
}
