import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { addressOf } from './caller.ts'
import type { Guard } from './guard.ts'
import type { PortalTools } from './ports.ts'
import { problemSchema } from './problem-schema.ts'
import { reply } from './reply.ts'
import type { Asked, Route } from './route.ts'

const nothing = z.strictObject({})

/** Puts one row of the API into the app: guarded, checked, answered. */
export function mount(
  app: FastifyInstance,
  route: Route,
  { guard, tools }: { readonly guard: Guard; readonly tools: PortalTools },
): void {
  const callers = new WeakMap<FastifyRequest, Asked['caller']>()
  app.route({
    method: route.method,
    url: route.path,
    schema: schemaOf(route),
    onRequest: async (request, answer) => {
      const passed = guard(request.raw)
      if ('caller' in passed) callers.set(request, passed.caller)
      else return reply({ request, answer, tools }, passed.trouble)
    },
    handler: async (request, answer) => {
      const caller = callers.get(request)
      if (caller === undefined) throw new Error('A request came past its guard')
      const { params, query, body } = request
      const asked: Asked = { params, query, body, caller, address: addressOf(request.raw, tools) }
      return answerOf(route, asked, answer)
    },
  })
}

async function answerOf(route: Route, asked: Asked, answer: FastifyReply): Promise<unknown> {
  const told = await route.handle(asked)
  void answer.code(route.status ?? 200)
  return told
}

function schemaOf(route: Route) {
  const { status = 200, answer, tag, summary, params, query = nothing, body } = route
  return {
    ...{ tags: [tag], summary, operationId: operationOf(route) },
    querystring: query,
    ...(params && { params }),
    ...(body && { body }),
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
