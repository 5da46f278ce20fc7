import type { SendResult } from '../alerts/ports.ts'
import type { Answer } from './post.ts'

const retryAfterMsMax = 3_600_000
const quotedLengthMax = 200

/**
 * This message will be taken at no time: it is too large, of the wrong type, or understood and turned down. Every other 4xx is a fault of the set-up
 * on either side (a key, a path, a deployment) that somebody may mend within the day, so it is tried again, as senders of Standard Webhooks do.
 */
const refusing: ReadonlySet<number> = new Set([413, 415, 422])

/** How a target took a message, by HTTP alone: 2xx sent, 410 gone, 429 slower, 3xx refused since no redirect is followed, the rest later. */
export function httpResult(answer: Answer, nowMs: number): SendResult {
  if (answer.kind === 'forbidden') return { kind: 'refused', why: answer.why }
  if (answer.kind === 'unreachable') return { kind: 'again', why: answer.why }
  const { status, headers, text } = answer
  if (status >= 200 && status < 300) return { kind: 'sent' }
  const why = `The target answered ${status}${quoted(text)}`
  if (status === 410) return { kind: 'gone', why }
  if (status >= 300 && status < 400) {
    return {
      kind: 'refused',
      why: `The target answered ${status}, a redirect, which is not followed: write the final address`,
    }
  }
  if (refusing.has(status)) return { kind: 'refused', why }
  const retryAfterMs = retryAfterOf(headers['retry-after'], nowMs)
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs }
  return { kind: status === 429 ? 'slower' : 'again', why, ...wait }
}

/** Seconds or a date (RFC 9110 §10.2.3), as milliseconds from now, at most an hour. Undefined when it says neither. */
export function retryAfterOf(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined
  const isDate = /^[A-Za-z]{3},? /.test(text)
  const waitMs = /^\d{1,10}$/.test(text.trim()) ? Number(text) * 1_000 : isDate ? Date.parse(text) - nowMs : Number.NaN
  return Number.isFinite(waitMs) ? Math.min(Math.max(waitMs, 0), retryAfterMsMax) : undefined
}

/** What a target said, in one short line. */
export function quoted(text: string): string {
  const line = text.replaceAll(/[\p{C}\s]+/gu, ' ').trim()
  if (line === '') return ''
  const characters = [...line.slice(0, 2 * quotedLengthMax)]
  return `: ${characters.slice(0, quotedLengthMax).join('')}${characters.length > quotedLengthMax ? '…' : ''}`
}
