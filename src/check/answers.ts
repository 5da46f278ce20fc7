import { type Asker, answerLanding, answerRefusal, type AnswerContext as CoreContext } from '../core/answer.ts'
import { clientFamilyOf } from '../core/client-family.ts'
import { readResource } from '../core/read-resource.ts'
import type { RequestFacts, ResourceRequest } from '../core/request.ts'
import type { Upstream } from '../core/upstream.ts'
import type { Answer, Decision, Refusal } from '../core/verdict.ts'

/** What is known of a request when it is answered: maybe no upstream, maybe no readable path. */
export interface Scene {
  readonly facts: RequestFacts
  readonly upstream?: Upstream
  readonly resource?: ResourceRequest
  readonly timeZone?: string
}

export type AnswerContext = Omit<CoreContext, 'nowMs'> & { readonly nowMs: () => number }

/** What passes by itself, soon. */
const throttles: ReadonlySet<Refusal['cause']> = new Set(['rate', 'concurrency'] as const)

/** A refusal as Envoy will send it; a rate and a cap are a `throttle`, the rest `deny`. */
export function refuse(refusal: Refusal, scene: Scene, context: AnswerContext): Decision {
  return {
    verdict: throttles.has(refusal.cause) ? 'throttle' : 'deny',
    reason: refusal.cause,
    answer: answerRefusal(refusal, askerOf(scene), { ...context, nowMs: context.nowMs() }),
    metadata: {},
  }
}

/** The page behind the URL that an installer printed. */
export function landingPage(scene: Scene, context: AnswerContext): Decision {
  return ownPage('landing', answerLanding(askerOf(scene), { ...context, nowMs: context.nowMs() }))
}

export function ownPage(reason: 'landing' | 'status', answer: Answer): Decision {
  return { verdict: 'answer', reason, answer, metadata: {} }
}

const noUpstream = { surface: 'pypi', mountPath: '', grammar: 'pypi' } as const

function askerOf({ facts, upstream, resource, timeZone }: Scene): Asker {
  const { surface, ...place } = upstream ?? noUpstream
  const read = resource ?? readResource(place, facts)
  const known = read.kind === 'invalid' ? { kind: 'other' as const, path: '', indexRoot: '' } : read
  return {
    surface,
    family: clientFamilyOf(facts),
    method: facts.method,
    kind: known.kind,
    host: facts.authority ?? facts.host,
    path: known.path,
    indexRoot: known.indexRoot,
    requestId: facts.requestId,
    ...(timeZone !== undefined && { timeZone }),
  }
}
