import type { Spool } from '../check/ports.ts'
import type { Presence } from '../check/presence.ts'
import { Fault } from '../core/fault.ts'
import type { Observer } from '../telemetry/observer.ts'
import { keepWarning } from './keep-warning.ts'
import type { OpenStore } from './store.ts'

const reasonCharsMax = 200

interface Watching {
  readonly observer: Observer
  readonly warnings: Set<string>
}

/** Says by metric and `/readyz` whether the store answers, and whether the journal of its charges takes any. */
export function watchStore(
  started: AsyncDisposableStack,
  given: Watching & {
    readonly presence: Watched['presence']
    readonly open: Pick<OpenStore, 'isReady' | 'acceptsCharges'>
  },
): void {
  const { presence, open, observer, warnings } = given
  const away = 'The store does not answer, limits act by their posture'
  const tell = (value: number): void => observer.set('store_connected', value)
  keepWarning(started, { warnings, look: () => awayWords({ presence, open }, tell, away) })
  const sentence = 'The charge journal takes nothing more: what must be booked is refused'
  keepWarning(started, { warnings, look: () => (open.acceptsCharges?.() === false ? sentence : undefined) })
}

/** Alike, of a Redis that counts hits of descriptors and nothing else. */
export function watchHits(started: AsyncDisposableStack, { observer, warnings, ...given }: Watching & Watched): void {
  const away = 'The Redis of TOLLGATE_HITS_REDIS_URL does not answer, limits of descriptors act by their posture'
  const tell = (value: number): void => observer.set('hits_store_connected', value)
  keepWarning(started, { warnings, look: () => awayWords(given, tell, away) })
}

interface Watched {
  readonly presence: Pick<Presence, 'fault'>
  readonly open: Pick<OpenStore, 'isReady'>
}

/** Tells 1 or 0; answers the sentence and the reason while the store is away. */
function awayWords({ presence, open }: Watched, tell: (value: number) => void, sentence: string): string | undefined {
  const fault = presence.fault()
  const isAway = fault !== undefined || open.isReady?.() === false
  tell(isAway ? 0 : 1)
  return isAway ? `${sentence}${reasonOf(fault)}` : undefined
}

/** The same spool, and `/readyz` says while it takes nothing more: also when only a report of usual length does not fit. */
export function watchSpool(
  started: AsyncDisposableStack,
  { spool, warnings }: Pick<Watching, 'warnings'> & { readonly spool: Spool },
): Spool {
  let isRefused = false
  const isFull = (): boolean => !spool.accepts() || (isRefused && spool.size() > 0)
  const sentence = 'The spool takes nothing more: while the store is away, what must be booked is refused'
  keepWarning(started, { warnings, look: () => (isFull() ? sentence : undefined) })
  return {
    ...spool,
    add(report, hold) {
      const isKept = spool.add(report, hold)
      isRefused = !isKept
      return isKept
    },
  }
}

/** What went wrong and the one cause below it, in a few words. */
function reasonOf(fault: unknown): string {
  if (!(fault instanceof Fault)) return ''
  const cause = fault.cause instanceof Error ? `: ${fault.cause.message}` : ''
  return ` (${`${fault.message}${cause}`.replaceAll(/\s+/g, ' ').slice(0, reasonCharsMax)})`
}
