import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { decideByLink } from '../manage/decide-by-link.ts'
import { type OpenedLink, openDecisionLink } from '../manage/open-decision-link.ts'
import type { QuotaRequest } from '../manage/request-ports.ts'
import { line } from './fields.ts'
import type { Guard } from './guard.ts'
import { html, page, pagePolicy } from './html.ts'
import { type Language, languageOf, linkWords } from './link-words.ts'
import type { PortalTools } from './ports.ts'
import { troubleOf } from './problem.ts'
import { sendPage, sendTrouble } from './send-page.ts'

const formBytesMax = 8_192
const path = '/api/links/:secret'
const ofLink = z.strictObject({ secret: z.string().max(128) })
const form = z.strictObject({ decision: z.enum(['approve', 'decline']), note: line(500).default('') })

/**
 * The page behind a link in a decider's own mail. Opening it changes nothing, for programs open links too; the form decides, once. It is
 * for people, so trouble is a page as well.
 */
export function linkPages(
  app: FastifyInstance,
  { guard, tools }: { readonly guard: Guard; readonly tools: PortalTools },
): void {
  void app.register((scope, _, done) => {
    scope.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: formBytesMax },
      async (_: FastifyRequest, text: string) => Object.fromEntries(new URLSearchParams(text)),
    )
    scope.addHook('onRequest', async (request, answer) => {
      void answer.header('content-security-policy', pagePolicy)
      const refused = guard.ofLink(request.raw)
      if (refused !== undefined) return sendTrouble(answer, refused)
    })
    scope.setErrorHandler((error, request, answer) => {
      const { trouble, isOurs } = troubleOf(error)
      if (isOurs) tools.observer.warn('api_failed', { route: path, request: request.id, error })
      return sendTrouble(answer, trouble)
    })
    const described = { tags: ['requests'], params: ofLink }
    scope.get<{ Params: z.output<typeof ofLink> }>(
      path,
      { schema: { ...described, summary: 'The page of a link that decides a request; changes nothing', security: [] } },
      async ({ params, headers }, answer) => {
        const opened = await openDecisionLink(tools.manage, params)
        const timeZone = tools.policy.current()?.account(opened.decider)?.timeZone ?? 'UTC'
        return sendPage(answer, openPage(opened, { timeZone, language: languageOf(headers['accept-language']) }))
      },
    )
    scope.post<{ Params: z.output<typeof ofLink>; Body: z.output<typeof form> }>(
      path,
      {
        schema: {
          ...described,
          body: form,
          consumes: ['application/x-www-form-urlencoded'],
          summary: 'Decide by a link, once; takes a form',
          security: [],
        },
      },
      async ({ params, body, headers }, answer) => {
        const decided = await decideByLink(tools.manage, { ...params, ...body })
        return sendPage(answer, donePage(decided, languageOf(headers['accept-language'])))
      },
    )
    done()
  })
}

function openPage(opened: OpenedLink, { language, timeZone }: Reader): string {
  const words = linkWords[language]
  const { request, decider } = opened
  const { askedBy } = request
  const facts = [...words.facts(request, timeZone), words.decidedAs(decider)].map(
    ([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`,
  )
  return page(
    words.asks(askedBy),
    html`<dl>${facts}</dl><form method="post"><label>${words.note(askedBy)}<textarea name="note" rows="2" maxlength="500"></textarea></label><button name="decision" value="approve">${words.approve}</button><button name="decision" value="decline">${words.decline}</button></form>`,
    language,
  )
}

function donePage(request: QuotaRequest, language: Language): string {
  const [title, sentence] = linkWords[language].done(request)
  return page(title, html`<p>${sentence}</p>`, language)
}

interface Reader {
  readonly language: Language
  readonly timeZone: string
}
