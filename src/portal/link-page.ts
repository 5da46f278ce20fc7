import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { Fault, type FaultCode } from '../core/fault.ts'
import { decideByLink } from '../manage/decide-by-link.ts'
import { type OpenedLink, openDecisionLink } from '../manage/open-decision-link.ts'
import type { Guard } from './guard.ts'
import { pagePolicy } from './html.ts'
import { donePage, openPage, type Reader } from './link-form.ts'
import { languageOf } from './link-words.ts'
import type { PortalTools } from './ports.ts'
import { troubleOf } from './problem.ts'
import { sendPage, sendTrouble } from './send-page.ts'

const formBytesMax = 8_192
const path = '/api/links/:secret'
const ofLink = z.strictObject({ secret: z.string().max(128) })
/** As it was typed, for it may have to be typed on. An older page has no amount. */
const typedFields = {
  amount: z.string().trim().max(100).optional().describe('How much to approve, at most what is asked; absent: that.'),
  note: z
    .string()
    .transform((text) => text.replaceAll(/[\r\n]+/g, ' '))
    .default(''),
}
const form = z.strictObject({ decision: z.enum(['approve', 'decline']), ...typedFields })

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
        return sendPage(answer, openPage(opened, readerOf(opened, headers, tools)))
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
        const opened = await openDecisionLink(tools.manage, params)
        const reader = readerOf(opened, headers, tools)
        try {
          const decided = await decideByLink(tools.manage, { ...params, ...body })
          return sendPage(answer, donePage(decided, opened, reader))
        } catch (error) {
          if (!(error instanceof Fault) || !mended.has(error.code)) throw error
          const typed = { amount: body.amount, note: body.note, trouble: error.message }
          return sendPage(answer.code(troubleOf(error).trouble.status), openPage(opened, reader, typed))
        }
      },
    )
    done()
  })
}

/** What whoever decides can do otherwise, on the same page: the link still decides. */
const mended: ReadonlySet<FaultCode> = new Set<FaultCode>(['not_valid', 'forbidden', 'store_unavailable'])

function readerOf({ decider }: OpenedLink, headers: IncomingHttpHeaders, { policy }: PortalTools): Reader {
  const timeZone = policy.current()?.account(decider)?.timeZone ?? 'UTC'
  return { timeZone, language: languageOf(headers['accept-language']) }
}
