import { type AnswerForm, answerForm, isSending } from './answer-table.ts'
import type { ClientFamily } from './client-family.ts'
import { headerText } from './header-text.ts'
import { landingPath, parseLanding } from './landing.ts'
import { openaiErrorOf } from './openai-error.ts'
import { problemOf } from './problem.ts'
import { type Words, wordsOf } from './refusal-words.ts'
import type { RequestKind } from './request.ts'
import type { Surface } from './subject.ts'
import type { Answer, Header, Refusal } from './verdict.ts'

/** Who is refused, at which path. */
export interface Asker {
  readonly surface: Surface
  readonly family: ClientFamily
  readonly method: string
  readonly kind: RequestKind
  /** With its port, as the client wrote it; empty when it was not one host. */
  readonly host: string
  readonly path: string
  readonly indexRoot: string
  readonly requestId: string
  /** The account's, where the caller is known: the landing page's path tells UTC only. */
  readonly timeZone?: string
}

export interface AnswerContext {
  /** Whom to ask: an address or a few words that follow "ask"; at most 60 characters. */
  readonly askAt: string
  /** Address of the page that explains refusals, without anchor. */
  readonly docsBase: string
  readonly nowMs: number
}

const retryAfterSecondsMax: Readonly<Record<Surface, number>> = { pypi: 30, gpu: 60 }
/** When a request under way will end is not known; a store in trouble, or one too many, needs more than that. */
const fixedSeconds = { soon: 1, trouble: 2 } as const
const problemType = 'application/problem+json'
/** Basic first: pip and twine take the first challenge they know. */
const challenges: readonly Header[] = ['Basic', 'Bearer'].map((scheme) => ({
  name: 'www-authenticate',
  value: `${scheme} realm="tollgate"`,
}))
const noStore: Header = { name: 'cache-control', value: 'no-store' }
/** Our own pages on the proxy's origin: nothing may run in them, frame them or guess their type. */
const sandboxed: readonly Header[] = [
  { name: 'x-content-type-options', value: 'nosniff' },
  { name: 'content-security-policy', value: "default-src 'none'; frame-ancestors 'none'; sandbox" },
]

/** The answer to a refused request, by the one table. Never cached; content type without charset, else uv prints no reason. */
export function answerRefusal(refusal: Refusal, asker: Asker, context: AnswerContext): Answer {
  const form = answerForm(refusal.cause, { ...asker, refusesWith429: refusal.limit?.refusesWith429 ?? false })
  const location = form.landing && landingPath(asker.indexRoot, refusal)
  if (location) return { status: form.status, headers: [header('location', location), noStore], body: '' }
  const status = form.landing ? 403 : form.status
  const words = wordsOf(refusal, { ...asker, ...context, isUpload: isSending(asker) })
  const headers = [...(form.challenge ? challenges : []), ...retryAfter(form, refusal, asker.surface), noStore]
  if (!isOpenai(asker)) return explain(refusal, words, { asker, context, status, headers })
  const type = header('content-type', 'application/json')
  return { status, headers: [type, ...headers], body: JSON.stringify(openaiErrorOf(refusal.cause, words)) }
}

/** The page a refused installer was sent to: free, with or without token, always 403, never redirected. `path` is without query. */
export function answerLanding(asker: Asker, context: AnswerContext): Answer {
  const refusal = parseLanding(asker.path, asker.timeZone) ?? {
    cause: 'denied',
    reason: 'This address explains no refusal; run the command again',
  }
  const words = wordsOf(refusal, { ...asker, ...context, isUpload: false })
  return explain(refusal, words, { asker, context, status: 403, headers: [noStore, ...sandboxed] })
}

/** An answer of 200 with a JSON body of our own, as on `/quota/status`. */
export function answerJson(body: unknown): Answer {
  return {
    status: 200,
    headers: [header('content-type', 'application/json'), noStore, ...sandboxed],
    body: JSON.stringify(body),
  }
}

interface Explained {
  readonly asker: Asker
  readonly context: AnswerContext
  readonly status: number
  readonly headers: readonly Header[]
}

function explain(refusal: Refusal, words: Words, { asker, context, status, headers }: Explained): Answer {
  const problem = problemOf(refusal, words, { ...context, requestId: asker.requestId, status })
  return { status, headers: [header('content-type', problemType), ...headers], body: JSON.stringify(problem) }
}

/** An integer, at least 1: pip ends on fractions, poetry on dates. Capped, because clients wait as long as they are told. */
function retryAfter(form: AnswerForm, { retryAfterMs = 0 }: Refusal, surface: Surface): readonly Header[] {
  if (form.retryAfter === undefined) return []
  if (form.retryAfter !== 'wait') return [header('retry-after', String(fixedSeconds[form.retryAfter]))]
  const wait = Math.min(Math.max(1, Math.ceil(retryAfterMs / 1000)), retryAfterSecondsMax[surface])
  return [header('retry-after', String(wait))]
}

function isOpenai({ surface, path, indexRoot }: Asker): boolean {
  return surface === 'gpu' && path.startsWith(`${indexRoot}/v1/`)
}

function header(name: string, value: string): Header {
  return { name, value: headerText(value) }
}
