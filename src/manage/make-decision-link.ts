import { createHash } from 'node:crypto'
import { Fault } from '../core/fault.ts'
import { isSlug } from '../core/slug.ts'
import type { RequestTools } from './request-ports.ts'
import { actorOf, assertDecides } from './who-decides.ts'

const lifetimeMs = 24 * 3_600_000
const secretBytes = 32

/** The one moment at which the secret is known: put it into the mail and forget it. */
export interface MadeLink {
  readonly secret: string
  readonly untilMs: number
}

/**
 * A secret by which this decider decides this request, once, within 24 hours: for their own mail and nowhere else. It is in the answer alone,
 * only its digest is kept. Undefined when there is nothing to decide for them: the request is closed or gone, or not theirs to decide.
 * Throws a `Fault` of code `policy_unavailable`.
 */
export async function makeDecisionLink(
  { requests, randomBytes }: Pick<RequestTools, 'requests' | 'randomBytes'>,
  { request: id, decider: account }: { readonly request: string; readonly decider: string },
): Promise<MadeLink | undefined> {
  if (!isSlug(id) || !isSlug(account)) return undefined
  const [facts, decider] = await Promise.all([requests.request(id), requests.person(account)])
  if (facts?.request.state !== 'open' || decider === undefined || decider.isDisabled) return undefined
  try {
    assertDecides(actorOf(decider), facts)
  } catch (error) {
    if (error instanceof Fault) return undefined
    throw error
  }
  const secret = Buffer.from(randomBytes(secretBytes)).toString('base64url')
  const link = { digest: digestOf(secret), request: id, decider: account, lifetimeMs }
  return { secret, untilMs: await requests.addLink(link) }
}

/** Undefined for what cannot be a secret of a link. */
export function digestOfLink(secret: string): string | undefined {
  return /^[A-Za-z0-9_-]{43}$/.test(secret) ? digestOf(secret) : undefined
}

function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}
