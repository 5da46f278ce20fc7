import { Fault } from '../../../core/fault.ts'
import type { HitCounter } from '../../../core/hit.ts'
import type { Digest } from '../../../core/hit-counter.ts'
import { type DescriptorDomain, matchDescriptor } from '../../../core/match-descriptor.ts'
import type { PeriodMemo } from '../../../core/period-window.ts'
import type { Observer } from '../../../telemetry/observer.ts'
import type { HitStore } from '../../hit-ports.ts'
import type { SpendStore } from '../../ports.ts'
import { hitLinesOf } from '../hit-lines.ts'
import { countCase } from '../hit-metrics.ts'
import { type DescriptorRead, withoutTicket } from './descriptor-principal.ts'

export interface StreamDoneDeps {
  readonly store: Pick<SpendStore, 'release'>
  readonly hits: Pick<HitStore, 'release' | 'nowMs'>
  readonly digest: Digest
  readonly memo: PeriodMemo
  readonly observer: Observer
}

/** Frees what the request of a descriptor that `isStreamDone` holds: Check's slots and those of descriptors. Never rejects. */
export type StreamDone = (read: DescriptorRead, domain: DescriptorDomain | undefined) => Promise<void>

/**
 * The end of a stream, as Envoy tells it within milliseconds. It charges nothing, since the access log books the bytes; a slot that cannot be
 * freed now is freed by the access log, or ends by itself.
 */
export function createStreamDone(deps: StreamDoneDeps): StreamDone {
  const { store, hits, observer } = deps
  const told = (freed: Promise<unknown>): Promise<unknown> =>
    freed.catch((error: unknown) => {
      // An outage would else write a line for every request.
      if (error instanceof Fault && error.code === 'store_unavailable') countCase(observer, 'store_away')
      else observer.warn('slots_not_released', { error })
    })
  return async (read, domain) => {
    const { claim, slotId } = read
    const ended: Promise<unknown>[] = []
    if (claim.kind === 'reservation') ended.push(told(store.release(claim.ticket)))
    const counters = domain === undefined ? [] : slotCounters(read, domain, deps)
    if (slotId !== undefined && counters.length > 0) ended.push(told(hits.release({ counters, slotId })))
    await Promise.all(ended)
  }
}

/**
 * Where the request may hold slots: under the caps that match what the descriptor says beside its end, with the account that its ticket names
 * and without.
 */
function slotCounters(read: DescriptorRead, domain: DescriptorDomain, deps: StreamDoneDeps): readonly HitCounter[] {
  const forms = read.claim.kind === 'reservation' ? [read.entries, withoutTicket(read.entries)] : [read.entries]
  const descriptors = forms.map((entries) => ({ entries }))
  const selected = forms.flatMap((entries, descriptor) =>
    (matchDescriptor(domain, entries) ?? []).map((rule) => ({ descriptor, rule })),
  )
  const request = { domain: domain.rule.id, descriptors, hitsAddend: 0 }
  const { lines } = hitLinesOf(selected, { domain: domain.rule, request, nowMs: deps.hits.nowMs(), ...deps })
  return lines.flatMap(({ kind, counter }) => (kind === 'concurrency' ? [counter] : []))
}
