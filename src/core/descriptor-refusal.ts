import { retryAfterSeconds, toldWaitMs } from './descriptor-wait.ts'
import {
  type DescriptorProblem,
  type DescriptorScene,
  type OverLimit,
  overLimitWords,
  shortened,
} from './descriptor-words.ts'
import { type DescriptorCause, problemOf } from './problem.ts'
import { wordsOf } from './refusal-words.ts'
import type { Refusal } from './verdict.ts'

/** Why a descriptor is refused. */
export type DescriptorRefusal =
  | { readonly kind: 'over'; readonly over: OverLimit }
  /** By a limit of the account that it names. */
  | { readonly kind: 'own'; readonly refusal: Refusal; readonly retryAfterMs: number | 'never' }
  /** The counters cannot be asked, and a posture refuses. */
  | { readonly kind: 'unavailable' }
  /** A limit's row is not valid, so what it allows is not known. */
  | { readonly kind: 'faulty'; readonly limit: string }
  /** The account that it names is not there, is disabled or kept out. */
  | { readonly kind: 'nobody' }
  /** Its `rid` is no valid ticket. */
  | { readonly kind: 'invalid_rid' }
  /** More hits than a call may have, whatever the limits. */
  | { readonly kind: 'too_many'; readonly hits: number; readonly hitsMax: number }

/** As Envoy answers a refusal, unless its filter says otherwise. */
const status = 429
/** What our own trouble waits, as Check has it. */
const troubleMs = 2_000

/** The body of a refusal (RFC 9457). */
export function refusalProblem(refusal: DescriptorRefusal, scene: DescriptorScene): DescriptorProblem {
  const isOurs = refusal.kind === 'unavailable' || refusal.kind === 'faulty'
  const cause: DescriptorCause = isOurs ? 'unavailable' : 'rate_limit'
  const { title, detail, ...limit } = toldOf(refusal, scene)
  return { type: `${scene.docsBase}#${cause}`, title, status, detail, ...limit }
}

type Told = Omit<DescriptorProblem, 'type' | 'status'>

function toldOf(refusal: DescriptorRefusal, scene: DescriptorScene): Told {
  switch (refusal.kind) {
    case 'over':
      return overLimitWords(refusal.over, scene)
    case 'own':
      return ownWords(refusal, scene)
    case 'unavailable':
      return {
        title: 'Temporarily unavailable',
        detail: 'Limits cannot be checked at the moment; try again in a few seconds',
      }
    case 'faulty':
      return {
        title: 'A limit that is not valid',
        detail: `The limit ${shortened(refusal.limit)} is not valid and refuses everything until it is mended; tell ${scene.askAt}`,
        limit: refusal.limit,
      }
    case 'nobody':
      return {
        title: 'Nobody to charge',
        detail: `The account that this call names is not known, is disabled or may not do this; ask ${scene.askAt}`,
      }
    case 'invalid_rid':
      return {
        title: 'Caller not recognised',
        detail: `The rid of this call is not a valid ticket, so whose call it is cannot be told; ask ${scene.askAt}`,
      }
    case 'too_many':
      return {
        title: 'More than a call may ask',
        detail: `This needs ${refusal.hits} hits, and one call has at most ${refusal.hitsMax}; ask for fewer at once`,
      }
  }
}

/** In the words of Check, which counts by the same limits. */
function ownWords(
  { refusal, retryAfterMs }: Extract<DescriptorRefusal, { kind: 'own' }>,
  { askAt, docsBase, nowMs }: DescriptorScene,
): Told {
  const words = wordsOf(refusal, { askAt, surface: 'pypi', host: '', indexRoot: '', isUpload: false })
  const {
    type: _,
    status: __,
    instance: ___,
    ...told
  } = problemOf(refusal, words, {
    ...{ docsBase, nowMs, status },
    requestId: '',
  })
  return retryAfterMs === 'never' ? told : { ...told, retry_after_ms: retryAfterMs }
}

/** Until the refused call may pass. */
export function refusalWaitMs(refusal: DescriptorRefusal): number | 'never' {
  switch (refusal.kind) {
    case 'over':
      return toldWaitMs(refusal.over.amount.kind, refusal.over.retryAfterMs)
    case 'own':
      return refusal.retryAfterMs
    case 'unavailable':
      return troubleMs
    default:
      return 'never'
  }
}

/** What of it is told in a Retry-After; undefined: that header would only keep a client waiting. */
export function refusalRetryAfterSeconds(refusal: DescriptorRefusal): number | undefined {
  const kind = refusal.kind === 'over' ? refusal.over.amount.kind : ownKind(refusal)
  return retryAfterSeconds(kind, refusalWaitMs(refusal))
}

function ownKind(refusal: DescriptorRefusal): 'window' | 'rate' {
  return refusal.kind === 'own' && refusal.refusal.cause === 'quota' ? 'window' : 'rate'
}
