import type { DomainRule } from '../../../core/descriptor-rule.ts'
import type { RateLimitDescriptor, RateLimitRequest } from '../rate-limit-words.ts'
import type { DescriptorRead, ReadDescriptor } from './descriptor-principal.ts'

/** One descriptor that names somebody, or the end of a stream. */
export interface NamedDescriptor {
  readonly descriptor: number
  readonly read: DescriptorRead
}

/** A call whose descriptors were read. */
export interface NamedCall {
  /** With the entries that rules are matched against; a descriptor that counts nothing has none. */
  readonly request: RateLimitRequest
  /** In the order of the call; empty for most. */
  readonly named: readonly NamedDescriptor[]
  /** Who holds the slots that the call takes. */
  readonly slotId?: string
}

const nobody: readonly NamedDescriptor[] = []
const countsNothing: RateLimitDescriptor = { entries: [] }

/** Reads whom the descriptors of a call name, before they are matched. */
export function nameCall(
  request: RateLimitRequest,
  rule: DomainRule | undefined,
  readDescriptor: ReadDescriptor,
): NamedCall {
  let named: NamedDescriptor[] | undefined
  for (let descriptor = 0; descriptor < request.descriptors.length; descriptor += 1) {
    const asked = request.descriptors[descriptor]
    if (asked === undefined) continue
    const read = readDescriptor(asked, rule)
    if (isPlain(read)) continue
    named ??= []
    named.push({ descriptor, read })
  }
  return named === undefined ? { request, named: nobody } : withNames(request, named)
}

function isPlain({ claim, slotId, isStreamDone }: DescriptorRead): boolean {
  return claim.kind === 'none' && slotId === undefined && !isStreamDone
}

function withNames(request: RateLimitRequest, named: readonly NamedDescriptor[]): NamedCall {
  const descriptors = [...request.descriptors]
  for (const { descriptor, read } of named) {
    const counts = read.claim.kind !== 'invalid' && !read.isStreamDone
    descriptors[descriptor] = counts ? { ...descriptors[descriptor], entries: read.entries } : countsNothing
  }
  const slotId = named.find(({ read }) => read.slotId !== undefined)?.read.slotId
  return { request: { ...request, descriptors }, named, ...(slotId !== undefined && { slotId }) }
}
