import { amountWords } from './amount-words.ts'
import { wallTime, windowAdverb } from './calendar-text.ts'
import { shownAmount } from './shown-amount.ts'
import type { Surface } from './subject.ts'
import type { Cause, Refusal, RefusedLimit } from './verdict.ts'

/** What the sentences need to know about the request. */
export interface Scene {
  /** Whom to ask: an address or a few words that follow "ask"; at most 60 characters. */
  readonly askAt: string
  readonly surface: Surface
  readonly host: string
  readonly indexRoot: string
  readonly isUpload: boolean
}

export interface Words {
  /** At most 40 characters. */
  readonly title: string
  /** At most 160 characters, one line, without full stop: uv prints `title, detail`. */
  readonly detail: string
}

const detailLengthMax = 160
const titleLengthMax = 40

/** What a refused person reads: what happened, until when, and what to do. One row per cause. */
export function wordsOf(refusal: Refusal, scene: Scene): Words {
  const { title, sentences, next } = rows[refusal.cause](refusal, scene)
  const ending = next === undefined ? '' : `; ${oneLine(next)}`
  const room = Math.max(0, detailLengthMax - ending.length)
  const lines = sentences.map(oneLine)
  const sentence = lines.find((line) => line.length <= room) ?? (lines.at(-1) ?? '').slice(0, room)
  return { title: title.slice(0, titleLengthMax), detail: (sentence + ending).slice(0, detailLengthMax) }
}

interface Draft {
  readonly title: string
  /** What happened: the fullest first, the first that fits is taken, the last is cut. */
  readonly sentences: readonly string[]
  /** What to do: always said whole. */
  readonly next?: string
}

const rows: Readonly<Record<Cause, (refusal: Refusal, scene: Scene) => Draft>> = {
  no_token: (_, scene) => ({
    title: 'API token required',
    sentences: howToSend(scene),
    next: `to get one ask ${scene.askAt}`,
  }),
  wrong_token: (_, { askAt }) => ({
    title: 'API token not accepted',
    sentences: ['This token is unknown, mistyped or revoked'],
    next: `check it, or ask ${askAt} for a new one`,
  }),
  expired_token: (_, { askAt }) => ({
    title: 'API token expired',
    sentences: ['This token has expired'],
    next: `ask ${askAt} for a new one`,
  }),
  rate: ({ limit, retryAfterMs = 1_000 }, { askAt }) => ({
    title: 'Too many requests',
    sentences: ['; refills steadily', ''].map(
      (refills) => `${usage(limit)}${refills}, try again in ${seconds(retryAfterMs)}`,
    ),
    next: `for more ask ${askAt}`,
  }),
  concurrency: ({ limit }, { askAt }) => ({
    title: 'Too many requests at once',
    sentences: underWay(limit),
    next: `try again when one has ended; for more ask ${askAt}`,
  }),
  quota: ({ limit }, { askAt }) => ({
    title: `${windowWord(limit)}${subjectWord(limit)} quota exhausted`,
    sentences: resets(limit).map((when) => `${usage(limit)}; resets ${when}`),
    next: `for more ask ${askAt}`,
  }),
  too_large: ({ limit }, { askAt }) => ({
    title: 'More than the limit ever allows',
    sentences: needs(limit),
    next: `for more ask ${askAt}`,
  }),
  denied: ({ reason = 'An access rule refuses this request' }, { askAt }) => ({
    title: 'Access denied',
    sentences: [reason],
    next: `ask ${askAt}`,
  }),
  bad_request: ({ reason = 'The request could not be read' }) => ({
    title: 'Request not understood',
    sentences: [reason],
  }),
  unknown_upstream: (_, { askAt }) => ({
    title: 'Upstream not configured',
    sentences: ['No upstream, or more than one, is configured for this host'],
    next: `tell ${askAt}`,
  }),
  unavailable: (_, scene) => ({
    title: 'Temporarily unavailable',
    sentences: ['Quotas cannot be checked at the moment'],
    next: again(scene),
  }),
  overloaded: (_, scene) => ({
    title: 'Too busy at the moment',
    sentences: ['More requests are waiting than can be checked'],
    next: again(scene),
  }),
}

function howToSend({ surface, host, indexRoot }: Scene): readonly string[] {
  if (surface === 'gpu') return ['Send an API token in the header Authorization: Bearer TOKEN']
  return [
    `Put an API token into the index URL, as in __token__:TOKEN@${host}${indexRoot}/simple/`,
    'Put an API token into the index URL, as in __token__:TOKEN@host/simple/',
  ]
}

function again({ isUpload, askAt }: Scene): string {
  return isUpload ? `upload again in a minute, or ask ${askAt}` : 'try again in a few seconds'
}

function usage(limit: RefusedLimit | undefined): string {
  if (limit === undefined) return 'The limit is used up'
  const { counts, used, amount, needs: wanted = 0 } = limit
  const sentence = `${shownAmount(counts, used)} of ${amountWords(counts, amount)} used`
  return used < amount && wanted > 0 ? `${sentence}, ${shownAmount(counts, wanted)} needed` : sentence
}

function underWay(limit: RefusedLimit | undefined): readonly string[] {
  if (limit === undefined) return ['Too many requests are under way']
  const { counts, used, amount, per } = limit
  const sentence = `${shownAmount(counts, used)} of ${amountWords(counts, amount)} under way`
  if (per === 'account') return [sentence]
  return [`${sentence} in all${per === 'everyone' ? '' : ` for your ${per}`}`, sentence]
}

function needs(limit: RefusedLimit | undefined): readonly string[] {
  if (limit === undefined) return ['This request is larger than its limit']
  const { counts, amount, needs: wanted = 0, name } = limit
  const sentence = `This needs ${amountWords(counts, wanted)}`
  return [` ${name}`, ''].map(
    (named) => `${sentence}, the limit${named} never allows more than ${shownAmount(counts, amount)}`,
  )
}

function resets(limit: RefusedLimit | undefined): readonly string[] {
  if (limit?.resetAtMs === undefined) return ['later']
  const utc = wallTime(limit.resetAtMs, 'UTC')
  const local = wallTime(limit.resetAtMs, limit.timeZone)
  return local === utc ? [utc] : [`${local} (${utc})`, utc]
}

function windowWord(limit: RefusedLimit | undefined): string {
  const adverb = windowAdverb(limit?.window ?? 'day')
  return adverb.charAt(0).toUpperCase() + adverb.slice(1)
}

function subjectWord(limit: RefusedLimit | undefined): string {
  if (limit === undefined || limit.per === 'account') return ''
  return limit.per === 'everyone' ? ' shared' : ` ${limit.per}`
}

/** Rounded up to a tenth of a second. */
function seconds(waitMs: number): string {
  return `${Math.max(1, Math.ceil(waitMs / 100)) / 10} s`
}

/** Reasons are typed by operators: no line breaks or other control characters, no full stop at the end. */
function oneLine(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .replace(/\.$/, '')
}
