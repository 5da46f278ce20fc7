import fastifySwagger from '@fastify/swagger'
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify'
import { jsonSchemaTransform, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import { version } from '../core/version.ts'
import { allRoutes } from './all-routes.ts'
import { countAnswers } from './count-answers.ts'
import { guardOf } from './guard.ts'
import { hostileSocket } from './hostile-socket.ts'
import { linkPages } from './link-page.ts'
import { methodsAt } from './methods-at.ts'
import { mount } from './mount.ts'
import { openapi } from './openapi.ts'
import type { PortalTools } from './ports.ts'
import { reply, replyError, type Where } from './reply.ts'
import { requestPage } from './request-page.ts'
import { rootPage } from './root-page.ts'
import { safe } from './safe.ts'

/** What one caller may take up: bounds of sizes and waits, next to each other. */
const bounds = {
  bodyBytesMax: 65_536,
  headerBytesMax: 16_384,
  headersMs: 5_000,
  requestMs: 10_000,
  handlerMs: 15_000,
  idleMs: 30_000,
  socketMs: 30_000,
  connectionsMax: 1_000,
  paramLengthMax: 128,
}

const tellEveryMs = 10_000

/** What is here beside the rows of the API. */
const pages = [
  { method: 'GET', path: '/' },
  { method: 'GET', path: '/requests/:request' },
  { method: 'GET', path: '/api/openapi.json' },
  { method: 'GET', path: '/api/links/:secret' },
  { method: 'POST', path: '/api/links/:secret' },
]

/** The HTTP API, not yet listening. */
export async function createPortalApp(given: PortalTools): Promise<FastifyInstance> {
  const tools = { ...given, mayTell: seldom(given.tickMs) }
  const routes = allRoutes(tools)
  const app = Fastify({
    bodyLimit: bounds.bodyBytesMax,
    requestTimeout: bounds.requestMs,
    handlerTimeout: bounds.handlerMs,
    keepAliveTimeout: bounds.idleMs,
    // A drain serves what comes over open connections, and closes each after its answer.
    return503OnClosing: false,
    connectionTimeout: bounds.socketMs,
    http: {
      maxHeaderSize: bounds.headerBytesMax,
      headersTimeout: bounds.headersMs,
      connectionsCheckingInterval: 1_000,
    },
    routerOptions: { maxParamLength: bounds.paramLengthMax },
    genReqId: tools.randomId,
    clientErrorHandler: hostileSocket,
    // Of what is refused before there is a route.
    frameworkErrors: (error, request, answer) => replyError(error, { request, answer: safe(answer, request), tools }),
  })
  app.server.maxConnections = bounds.connectionsMax
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.addHook('onRequest', async (request, answer) => {
    safe(answer, request)
  })
  countAnswers(app, tools)
  app.setErrorHandler((error: FastifyError, request, answer) => replyError(error, { request, answer, tools }))
  app.setNotFoundHandler((request, answer) => replyNowhere({ request, answer, tools }, [...routes, ...pages]))
  await app.register(fastifySwagger, { openapi: openapi(version), transform: jsonSchemaTransform })
  takeJsonAlone(app)
  const guard = guardOf(tools)
  for (const route of routes) mount(app, route, { guard, tools })
  linkPages(app, { guard, tools })
  requestPage(app, { guard, tools })
  rootPage(app)
  let document = ''
  app.get('/api/openapi.json', { schema: { hide: true } }, async (_, answer) =>
    answer.type('application/json').serializer(String).send(document),
  )
  await app.ready()
  document = JSON.stringify(app.swagger())
  return app
}

/** Bodies are JSON, or nothing at all: clients that always send the type also send it without a body. What is anything else is 415. */
function takeJsonAlone(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, text, done) => {
    if (text === '') done(null, undefined)
    else void parse(request, text, done)
  })
}

/** At most every so often about each thing; there are as many as addresses. */
function seldom(tickMs: () => number): (what: string) => boolean {
  const toldAtMs = new Map<string, number>()
  return (what) => {
    if (tickMs() - (toldAtMs.get(what) ?? Number.NEGATIVE_INFINITY) < tellEveryMs) return false
    toldAtMs.set(what, tickMs())
    return true
  }
}

/** 404, or 405 where another method would do; OPTIONS says which. */
function replyNowhere(
  where: Where,
  routes: readonly { readonly method: string; readonly path: string }[],
): FastifyReply {
  const { request, answer } = where
  const methods = methodsAt(request.url.split('?', 1)[0] ?? '', routes)
  if (methods.length === 0) {
    return reply(where, {
      code: 'not_found',
      status: 404,
      title: 'There is no such thing',
      detail: 'Nothing is at this address; /api/openapi.json lists what there is',
    })
  }
  void answer.header('allow', methods.join(', '))
  if (request.method === 'OPTIONS') return answer.code(204).send()
  return reply(where, {
    code: 'method_not_allowed',
    status: 405,
    title: 'Not by this method',
    detail: `This address takes ${methods.join(', ')}`,
  })
}
