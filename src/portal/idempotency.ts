import { createHash } from 'node:crypto'
import { Fault } from '../core/fault.ts'
import type { KeyState, PortalTools } from './ports.ts'
import type { Trouble } from './problem.ts'
import type { Asked, Route } from './route.ts'

/** What a write with a key came to. */
export type Kept =
  | { readonly kind: 'answer'; readonly told: unknown; readonly isRepeated: boolean }
  | { readonly kind: 'trouble'; readonly trouble: Trouble }

export interface KeyedWrite {
  readonly key: string
  /** Of the request, unlike any other. */
  readonly id: string
  readonly url: string
  readonly route: Route
  readonly asked: Asked
}

/** As visible ASCII, so that no proxy changes it. */
const keyShape = /^[\x21-\x7e]{1,255}$/
/** No handler takes longer: what has not ended by then ended without saying how. */
const workMsMax = 60_000

/**
 * Does a write at most once per key, caller and day, and answers a repetition as the first was answered. What failed before it changed
 * anything may be sent again; of what ended without word nobody can say, so it is never done again. Throws what the write throws.
 */
export async function writeOnce(write: KeyedWrite, { keys, observer, nowMs }: PortalTools): Promise<Kept> {
  const { key, id, route, asked } = write
  if (!keyShape.test(key)) {
    throw new Fault('bad_request', 'An Idempotency-Key has 1 to 255 visible letters')
  }
  const name = { caller: asked.caller.actor.id, key, holder: id }
  const state = await keys.begin(name, fingerprintOf(write))
  if (state.kind === 'done') return { kind: 'answer', told: JSON.parse(state.body), isRepeated: true }
  if (state.kind !== 'new') return { kind: 'trouble', trouble: troubleOf(state, nowMs()) }
  const told = await route.handle(asked).catch(async (error: unknown) => {
    if (changedNothing(error)) {
      await keys.forget(name).catch((cause: unknown) => observer.warn('key_not_forgotten', { error: cause }))
    }
    throw error
  })
  const answer = { status: route.status ?? 200, body: JSON.stringify(withoutSecret(told, route)) }
  // The work is done: the caller is told so, whether or not a repetition can be.
  await keys.end(name, answer).catch((error: unknown) => observer.warn('key_not_kept', { error }))
  return { kind: 'answer', told, isRepeated: false }
}

/** The policy database alone can leave it open whether it did what was asked. */
function changedNothing(error: unknown): boolean {
  return error instanceof Fault && error.code !== 'policy_unavailable' && error.code !== 'internal'
}

function fingerprintOf({ route, url, asked }: KeyedWrite): string {
  const what = JSON.stringify([route.method, url, asked.body ?? null])
  return createHash('sha256').update(what).digest('hex')
}

function withoutSecret(told: unknown, { secret }: Route): unknown {
  return secret === undefined ? told : { ...(told as object), [secret]: null }
}

type Refused = Exclude<KeyState, { readonly kind: 'new' | 'done' }>

function troubleOf(state: Refused, nowMs: number): Trouble {
  const conflict = { code: 'conflict', status: 409, title: 'Something else has happened meanwhile' }
  switch (state.kind) {
    case 'other':
      return { ...conflict, detail: 'This Idempotency-Key came with another request before; use a new one' }
    case 'full':
      return {
        ...{ code: 'rate', status: 429, title: 'Too many requests', retryAfterS: 30 },
        detail: 'You have used 10,000 Idempotency-Keys within a day; wait, or write without one',
      }
    case 'working':
      return nowMs - state.sinceMs < workMsMax
        ? { ...conflict, detail: 'The request of this Idempotency-Key is still at work', retryAfterS: 1 }
        : {
            ...conflict,
            detail: 'How the request of this Idempotency-Key ended is not known; look, then use a new one',
          }
  }
}
