import type { FastifyReply } from 'fastify'
import { html, page } from './html.ts'
import type { Trouble } from './problem.ts'

/** Answers with a page. */
export function sendPage(answer: FastifyReply, text: string): FastifyReply {
  return answer.type('text/html; charset=utf-8').serializer(String).send(text)
}

/** Answers with a page that says what went wrong: for addresses that people open. */
export function sendTrouble(answer: FastifyReply, { status, title, detail, retryAfterS }: Trouble): FastifyReply {
  if (retryAfterS !== undefined) void answer.header('retry-after', String(retryAfterS))
  return sendPage(answer.code(status), page(title, html`<p>${detail}</p>`))
}
