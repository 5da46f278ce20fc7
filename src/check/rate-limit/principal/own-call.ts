import type { DescriptorRefusal } from '../../../core/descriptor-refusal.ts'
import type { DescriptorDomain } from '../../../core/match-descriptor.ts'
import type { Snapshot } from '../../../core/snapshot.ts'
import type { Observer } from '../../../telemetry/observer.ts'
import { hitsOf } from '../hit-lines.ts'
import { countCase } from '../hit-metrics.ts'
import { withinNoLimit } from '../plain-status.ts'
import type { DescriptorStatus } from '../rate-limit-words.ts'
import type { SelectedLimit } from '../select-limits.ts'
import type { ReadDescriptor } from './descriptor-principal.ts'
import type { NamedCall, NamedDescriptor } from './named-call.ts'
import type { OwnLimits, OwnSpend } from './own-limits.ts'
import { invalidPart } from './own-parts.ts'
import type { StreamDone } from './stream-done.ts'

/** What is known of principals that descriptors name. */
export interface Principals {
  readonly readDescriptor: ReadDescriptor
  readonly own: OwnLimits
  readonly streamDone: StreamDone
  /** What is asked, or undefined when it has not answered within so many milliseconds. */
  readonly within: <T>(asked: Promise<T>, leftMs: number) => Promise<T | undefined>
}

/** What descriptors that name somebody came to, beside the rules that match them. */
export interface OwnPart {
  readonly descriptor: number
  readonly status: DescriptorStatus
  /** Why it is refused, where it is. */
  readonly refusal?: DescriptorRefusal
  readonly settle?: OwnSpend['settle']
}

export interface OwnAsked {
  readonly call: NamedCall
  readonly selected: readonly SelectedLimit[]
  readonly snapshot: Snapshot
  /** Undefined: no such row. */
  readonly domain: DescriptorDomain | undefined
  /** The store's clock, now and at the latest. */
  readonly nowMs: number
  readonly notAfterMs: number
}

interface OwnDeps {
  readonly principals: Principals
  readonly observer: Observer
}

/** Takes from those whom a trusted call names, and frees what ended: before rules count. Never rejects for a store that is away. */
export async function askOwn(asked: OwnAsked, deps: OwnDeps): Promise<readonly OwnPart[]> {
  const asking = asked.call.named.filter((named) => !isShown(named, asked))
  const parts = await Promise.all(asking.map((named) => askOne(named, asked, deps)))
  const { rule } = asked.domain ?? {}
  return rule?.shadow === true || rule?.quotaMode === true ? parts.map(refusingNothing) : parts
}

/** Looks at the limits of callers for whom there is no rule: takes and refuses nothing, so rules may count meanwhile. */
export function showOwn(asked: OwnAsked, { principals, observer }: OwnDeps): Promise<readonly OwnPart[]> {
  const { snapshot, notAfterMs } = asked
  const shown = asked.call.named.flatMap(({ descriptor, read }) => {
    if (read.claim.kind !== 'reservation' || !isShown({ descriptor, read }, asked)) return []
    countCase(observer, 'own_limits')
    const status = principals.own.show(read.claim.ticket, { snapshot, notAfterMs })
    return [status.then((told) => ({ descriptor, status: told }))]
  })
  return Promise.all(shown)
}

function isShown({ descriptor, read }: NamedDescriptor, { domain, selected }: OwnAsked): boolean {
  if (domain === undefined || read.isStreamDone || read.claim.kind !== 'reservation') return false
  return !selected.some((limit) => limit.descriptor === descriptor)
}

/** In a domain where nothing is refused, own limits refuse nothing either. */
function refusingNothing({ refusal: _, ...part }: OwnPart): OwnPart {
  return { ...part, status: { ...part.status, code: 'ok' } }
}

async function askOne(
  { descriptor, read }: NamedDescriptor,
  asked: OwnAsked,
  { principals, observer }: OwnDeps,
): Promise<OwnPart> {
  const { call, snapshot, domain, nowMs, notAfterMs } = asked
  const { claim } = read
  if (claim.kind === 'invalid') {
    countCase(observer, 'invalid_rid')
    return invalidPart({ descriptor, read }, domain?.rule)
  }
  if (read.isStreamDone) {
    countCase(observer, 'stream_done')
    await principals.within(principals.streamDone(read, domain), notAfterMs - nowMs)
    return { descriptor, status: withinNoLimit }
  }
  if (domain === undefined || claim.kind !== 'account') return { descriptor, status: withinNoLimit }
  countCase(observer, snapshot.account(claim.account) === undefined ? 'unknown_account' : 'own_limits')
  const hits = hitsOf(call.request.descriptors[descriptor] ?? { entries: [] }, call.request)
  const spend = await principals.own.spend(claim.account, { snapshot, domain: domain.rule, hits, notAfterMs })
  return { descriptor, ...spend }
}
