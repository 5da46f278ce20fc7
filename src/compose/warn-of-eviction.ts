import type { StoreExam } from '../doctor/ports.ts'
import type { Observer } from '../telemetry/observer.ts'
import { keepWarning } from './keep-warning.ts'

const everyMs = 5_000

/** Says by metric and `/readyz`, as long as it is so, that Redis may drop counters and reservations; as of the last connection to it. */
export function warnOfEviction(
  started: AsyncDisposableStack,
  given: { readonly exam: StoreExam; readonly warnings: Set<string>; readonly observer: Observer },
): void {
  const { exam, warnings, observer } = given
  const look = (): string | undefined => {
    const policy = exam.servers().find(({ maxmemoryPolicy }) => maxmemoryPolicy !== 'noeviction')?.maxmemoryPolicy
    observer.set('redis_may_evict', policy === undefined ? 0 : 1)
    return policy === undefined
      ? undefined
      : `Redis may drop counters: its maxmemory-policy is ${policy}, not noeviction`
  }
  keepWarning(started, { warnings, look, everyMs })
}
