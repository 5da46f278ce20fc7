import type { FastifyReply, FastifyRequest } from 'fastify'

/** On every answer: nothing may keep, frame, sniff or run it; there is no CORS and there are no cookies. */
const safeHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
}

/** The same answer with the headers that every answer has, and the id of its request. */
export function safe(answer: FastifyReply, { id }: Pick<FastifyRequest, 'id'>): FastifyReply {
  return answer.headers({ ...safeHeaders, 'x-request-id': id })
}
