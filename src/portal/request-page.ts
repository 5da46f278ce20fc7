import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { Fault } from '../core/fault.ts'
import { isSlug } from '../core/slug.ts'
import { readRequest } from '../manage/read-request.ts'
import type { QuotaRequest } from '../manage/request-ports.ts'
import type { Guard } from './guard.ts'
import { html, page, pagePolicy } from './html.ts'
import { type Language, languageOf } from './link-words.ts'
import type { PortalTools } from './ports.ts'
import { troubleOf } from './problem.ts'
import { challenges } from './reply.ts'
import { requestWords } from './request-words.ts'
import { sendPage, sendTrouble } from './send-page.ts'

const path = '/requests/:request'
const ofRequest = z.strictObject({ request: z.string().max(128) })
/** Mail programs and trackers add words of their own. */
const asked = z.looseObject({ show: z.string().optional().describe('Set: ask the browser for a token.') })

interface Opened {
  readonly Params: z.output<typeof ofRequest>
  readonly Querystring: z.output<typeof asked>
}

/**
 * The page that alerts of a request point to, for people: who comes without a token is told what to do, and nothing of the request, not
 * even whether there is one; with a token it is shown to those who may see it. Nothing is decided here.
 */
export function requestPage(
  app: FastifyInstance,
  { guard, tools }: { readonly guard: Guard; readonly tools: PortalTools },
): void {
  void app.register((scope, _, done) => {
    scope.addHook('onRequest', async (_, answer) => {
      void answer.header('content-security-policy', pagePolicy)
    })
    scope.setErrorHandler((error, request, answer) => {
      const { trouble, isOurs } = troubleOf(error)
      if (isOurs) tools.observer.warn('api_failed', { route: path, request: request.id, error })
      return sendTrouble(answer, trouble)
    })
    const summary = 'A request as a page, where alerts point to; without a token it says what to do'
    const schema = {
      ...{ tags: ['requests'], params: ofRequest, querystring: asked, summary },
      security: [{}, { bearer: [] }, { basic: [] }],
    }
    scope.get<Opened>(path, { schema }, async ({ params, query, headers, raw }, answer) => {
      const { request: id } = params
      if (!isSlug(id)) throw new Fault('not_found', 'There is no request at this address')
      const language = languageOf(headers['accept-language'])
      const help = (trouble?: string) => helpPage({ id, askAt: tools.askAt, language, trouble })
      if (headers.authorization === undefined && query.show === undefined) return sendPage(answer, help())
      const passed = guard.byToken(raw)
      if ('caller' in passed) {
        const { actor, principal } = passed.caller
        const request = await readRequest(tools.manage, { actor, id })
        return sendPage(answer, shownPage(request, { language, timeZone: principal.account.timeZone }))
      }
      if (passed.trouble.status !== 401) return sendTrouble(answer, passed.trouble)
      return sendPage(answer.code(401).header('www-authenticate', challenges), help(passed.trouble.detail))
    })
    done()
  })
}

interface Help {
  readonly id: string
  readonly askAt: string
  readonly language: Language
  readonly trouble: string | undefined
}

function helpPage({ id, askAt, language, trouble }: Help): string {
  const words = requestWords[language]
  const said = trouble === undefined ? [] : [html`<p><strong>${trouble}</strong></p>`]
  const ways = words.ways(id, askAt).map((way) => html`<li>${way}</li>`)
  return page(
    words.title(id),
    html`${said}<p>${words.about}</p><p><a href="?show=token">${words.show}</a> ${words.password}</p><ul>${ways}</ul>`,
    language,
  )
}

function shownPage(
  request: QuotaRequest,
  { language, timeZone }: { readonly language: Language; readonly timeZone: string },
) {
  const words = requestWords[language]
  const facts = words.facts(request, timeZone).map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)
  const ways = request.state === 'open' ? words.deciding(request.id).map((way) => html`<li>${way}</li>`) : []
  return page(words.title(request.id), html`<dl>${facts}</dl><ul>${ways}</ul>`, language)
}
