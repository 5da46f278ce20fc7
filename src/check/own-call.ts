import type { DescriptorDomain } from '../core/match-descriptor.ts'
import type { Snapshot } from '../core/snapshot.ts'
import type { Observer } from '../telemetry/observer.ts'
import type { ReadDescriptor } from './descriptor-principal.ts'
import { hitsOf } from './hit-lines.ts'
import { countCase } from './hit-metrics.ts'
import type { NamedCall, NamedDescriptor } from './named-call.ts'
import type { OwnLimits, OwnSpend } from './own-limits.ts'
import type { DescriptorStatus } from './rate-limit-words.ts'
import type { SelectedLimit } from './select-limits.ts'
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
  /** Of what was refused: until it fits. */
  readonly retryAfterMs?: number | 'never'
  readonly settle?: OwnSpend['settle']
}

interface OwnAsked {
  readonly call: NamedCall
  readonly selected: readonly SelectedLimit[]
  readonly snapshot: Snapshot
  /** Undefined: no such row. */
  readonly domain: DescriptorDomain | undefined
  /** The store's clock, now and at the latest. */
  readonly nowMs: number
  readonly notAfterMs: number
}

const withinNoLimit: DescriptorStatus = { code: 'ok', remaining: 0 }
const nobodys: DescriptorStatus = { code: 'over_limit', remaining: 0 }

/** Asks for the limits of those whom a call names, and frees what ended. Never rejects for a store that is away. */
export async function askOwn(
  asked: OwnAsked,
  deps: { readonly principals: Principals; readonly observer: Observer },
): Promise<readonly OwnPart[]> {
  const parts = await Promise.all(asked.call.named.map((named) => askOne(named, asked, deps)))
  const { rule } = asked.domain ?? {}
  return rule?.shadow === true || rule?.quotaMode === true ? parts.map(refusingNothing) : parts
}

/** In a domain where nothing is refused, own limits refuse nothing either. */
function refusingNothing({ retryAfterMs: _, ...part }: OwnPart): OwnPart {
  return { ...part, status: { ...part.status, code: 'ok' } }
}

async function askOne(
  { descriptor, read }: NamedDescriptor,
  asked: OwnAsked,
  { principals, observer }: { readonly principals: Principals; readonly observer: Observer },
): Promise<OwnPart> {
  const { call, selected, snapshot, domain, nowMs, notAfterMs } = asked
  const { claim } = read
  if (claim.kind === 'invalid') {
    countCase(observer, 'invalid_rid')
    return { descriptor, status: domain?.rule.posture === 'deny' ? nobodys : withinNoLimit }
  }
  if (read.isStreamDone) {
    countCase(observer, 'stream_done')
    await principals.within(principals.streamDone(read, domain), notAfterMs - nowMs)
    return { descriptor, status: withinNoLimit }
  }
  if (domain === undefined || claim.kind === 'none') return { descriptor, status: withinNoLimit }
  if (claim.kind === 'account') {
    countCase(observer, snapshot.account(claim.account) === undefined ? 'unknown_account' : 'own_limits')
    const hits = hitsOf(call.request.descriptors[descriptor] ?? { entries: [] }, call.request)
    const spend = await principals.own.spend(claim.account, { snapshot, domain: domain.rule, hits, notAfterMs })
    return { descriptor, ...spend }
  }
  if (selected.some((limit) => limit.descriptor === descriptor)) return { descriptor, status: withinNoLimit }
  countCase(observer, 'own_limits')
  return { descriptor, status: await principals.own.show(claim.ticket, { snapshot, notAfterMs }) }
}
