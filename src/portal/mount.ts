import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { addressOf } from './caller.ts'
import type { Guard } from './guard.ts'
import { writeOnce } from './idempotency.ts'
import type { PortalTools } from './ports.ts'
import { problemSchema } from './problem-schema.ts'
import { reply, type Seldom, type Where } from './reply.ts'
import type { Asked, Route } from './route.ts'

const nothing = z.strictObject({})
const keyed = z.looseObject({
  'idempotency-key': z
    .string()
    .optional()
    .describe('The same again within a day is answered as the first, and does nothing.'),
})

/** Puts one row of the API into the app: guarded, checked, answered. */
export function mount(
  app: FastifyInstance,
  route: Route,
  { guard, tools }: { readonly guard: Guard; readonly tools: PortalTools & Seldom },
): void {
  const callers = new WeakMap<FastifyRequest, Asked['caller']>()
  app.route({
    method: route.method,
    url: route.path,
    schema: schemaOf(route),
    onRequest: async (request, answer) => {
      const passed = guard.byToken(request.raw)
      if ('caller' in passed) callers.set(request, passed.caller)
      else return reply({ request, answer, tools }, passed.trouble)
    },
    // No body at all is a body without fields.
    preValidation: async (request) => {
      if (route.body !== undefined) request.body ??= {}
    },
    handler: async (request, answer) => {
      const caller = callers.get(request)
      if (caller === undefined) throw new Error('A request came past its guard')
      const { params, query, body } = request
      const asked: Asked = { params, query, body, caller, address: addressOf(request.raw, tools) }
      return answerOf({ route, asked }, { request, answer, tools })
    },
  })
}

async function answerOf(
  { route, asked }: { readonly route: Route; readonly asked: Asked },
  where: Where & { readonly tools: PortalTools },
): Promise<unknown> {
  const { request, answer, tools } = where
  const key = request.headers['idempotency-key']
  const isKeyed = route.method !== 'GET' && key !== undefined
  if (!isKeyed) {
    const told = await route.handle(asked)
    void answer.code(route.status ?? 200)
    return told
  }
  const kept = await writeOnce({ key: String(key), id: request.id, url: request.url, route, asked }, tools)
  if (kept.kind === 'trouble') return reply(where, kept.trouble)
  if (kept.isRepeated) void answer.header('idempotency-replayed', 'true')
  void answer.code(route.status ?? 200)
  return kept.told
}

function schemaOf(route: Route) {
  const { status = 200, answer, tag, summary, params, query = nothing, body } = route
  return {
    ...{ tags: [tag], summary, operationId: operationOf(route) },
    querystring: query,
    ...(params && { params }),
    ...(body && { body }),
    ...(route.method !== 'GET' && { headers: keyed }),
    response: {
      [status]: answer,
      '4xx': { description: 'A problem', content: { 'application/problem+json': { schema: problemSchema } } },
      '5xx': { description: 'A problem', content: { 'application/problem+json': { schema: problemSchema } } },
    },
  }
}

/** `get_api_me_limits`: stable as long as the address is. */
function operationOf({ method, path }: Route): string {
  return `${method.toLowerCase()}${path.replaceAll(/[^a-z0-9]+/gi, '_')}`
}
