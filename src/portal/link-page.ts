import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { wallTime } from '../core/calendar-text.ts'
import { decideByLink } from '../manage/decide-by-link.ts'
import { type OpenedLink, openDecisionLink } from '../manage/open-decision-link.ts'
import type { QuotaRequest } from '../manage/request-ports.ts'
import { line } from './fields.ts'
import type { Guard } from './guard.ts'
import { type Html, html, page, pagePolicy } from './html.ts'
import type { PortalTools } from './ports.ts'
import { type Trouble, troubleOf } from './problem.ts'

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
      const refused = guard.byAddress(request.raw)
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
      async ({ params }, answer) => sendPage(answer, openPage(await openDecisionLink(tools.manage, params))),
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
      async ({ params, body }, answer) =>
        sendPage(answer, donePage(await decideByLink(tools.manage, { ...params, ...body }))),
    )
    done()
  })
}

function openPage({ request, decider }: OpenedLink): string {
  const { askedBy, limitName, amount, reason } = request
  return page(
    `${askedBy} asks for more`,
    html`<dl>${[
      row('Who asks', askedBy),
      row('For', `${request.for.kind} ${request.for.id}`),
      row('How much more', `${amount} of the limit ${limitName}, in each of its windows`),
      row('Until', wallTime(request.endsAtMs, 'UTC')),
      row('What for', reason === '' ? 'No reason is given' : reason),
      row('Decided as', decider),
    ]}</dl><form method="post"><label>A word to ${askedBy}<textarea name="note" rows="2" maxlength="500"></textarea></label><button name="decision" value="approve">Approve</button><button name="decision" value="decline">Decline</button></form>`,
  )
}

function donePage({ state, askedBy, limitName }: QuotaRequest): string {
  const title = state === 'approved' ? 'Approved' : 'Declined'
  const detail = state === 'approved' ? 'It is in force within a second.' : 'Nothing has changed.'
  return page(title, html`<p>${askedBy} is told about ${limitName}. ${detail} This link decides nothing any more.</p>`)
}

function row(name: string, value: string): Html {
  return html`<dt>${name}</dt><dd>${value}</dd>`
}

function sendPage(answer: FastifyReply, text: string): FastifyReply {
  return answer.type('text/html; charset=utf-8').serializer(String).send(text)
}

function sendTrouble(answer: FastifyReply, { status, title, detail, retryAfterS }: Trouble): FastifyReply {
  if (retryAfterS !== undefined) void answer.header('retry-after', String(retryAfterS))
  return sendPage(answer.code(status), page(title, html`<p>${detail}</p>`))
}
