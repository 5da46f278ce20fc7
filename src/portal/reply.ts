import type { FastifyReply, FastifyRequest } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import type { PortalTools } from './ports.ts'
import { type FieldFault, problemOf, type Trouble, troubleOf } from './problem.ts'

export interface Seldom {
  /** Whether it is time to say something about this again. */
  mayTell(what: string): boolean
}

/** Where an answer goes. */
export interface Where {
  readonly request: FastifyRequest
  readonly answer: FastifyReply
  readonly tools: Pick<PortalTools, 'docsBase' | 'observer'> & Seldom
}

const fieldFaultsMax = 50
/** Basic first: command-line tools take the first challenge they know. */
export const challenges = ['Basic realm="tollgate"', 'Bearer realm="tollgate"']

/** Answers with a problem. */
export function reply({ request, answer, tools }: Where, trouble: Trouble): FastifyReply {
  const { status, retryAfterS } = trouble
  if (retryAfterS !== undefined) void answer.header('retry-after', String(retryAfterS))
  if (status === 401) void answer.header('www-authenticate', challenges)
  const problem = problemOf(trouble, { docsBase: tools.docsBase, requestId: request.id })
  return answer.code(status).type('application/problem+json').serializer(JSON.stringify).send(problem)
}

/** Answers with what went wrong, never with a stack; faults of ours are told to the log. */
export function replyError(error: unknown, where: Where): FastifyReply {
  if (hasZodFastifySchemaValidationErrors(error)) return reply(where, fieldTrouble(error))
  const { trouble, isOurs } = troubleOf(error)
  const { method, routeOptions, id } = where.request
  const told = { method, route: routeOptions.url, request: id, error }
  if (isOurs) where.tools.observer.warn('api_failed', told)
  // During an outage every request fails alike.
  else if (trouble.status === 503 && where.tools.mayTell(String(routeOptions.url))) {
    where.tools.observer.warn('api_unavailable', told)
  }
  return reply(where, trouble)
}

interface Checked {
  readonly validation: readonly {
    readonly instancePath: string
    readonly message?: string
    readonly params?: Readonly<Record<string, unknown>>
  }[]
  readonly validationContext?: string | undefined
}

const places: Readonly<Record<string, string>> = { querystring: 'query', params: 'path' }

/** Every field at once. */
function fieldTrouble({ validation, validationContext = 'body' }: Checked): Trouble {
  const place = places[validationContext] ?? validationContext
  const errors = validation.flatMap((one): readonly FieldFault[] => {
    const path = one.instancePath.split('/').filter((part) => part !== '')
    const field = [place, ...path].join('.').slice(0, 200)
    const unknown = one.params?.['keys']
    if (!Array.isArray(unknown)) return [{ field, message: (one.message ?? 'is not valid').slice(0, 500) }]
    return unknown.map((key) => ({ field: `${field}.${String(key).slice(0, 100)}`, message: 'There is no such field' }))
  })
  const named = [...new Set(errors.map(({ field }) => field))].slice(0, 5).join(', ')
  return {
    code: 'bad_request',
    status: 400,
    title: 'This request cannot be understood',
    detail: `Not as it must be: ${named}`,
    errors: errors.slice(0, fieldFaultsMax),
  }
}
