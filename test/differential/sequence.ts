import { type DescriptorConfig, keys, values } from './configuration.ts'
import type { Random } from './random.ts'
import type { WireDescriptor, WireEntry, WireRequest } from './rate-limit-client.ts'

const requestsMax = 8
const unknownDomainShare = 0.03

/** Requests one after the other: a few different ones, most of them several times, so that limits are reached. */
export function drawSequence(
  random: Random,
  { domain, descriptors }: { readonly domain: string; readonly descriptors: readonly DescriptorConfig[] },
): readonly WireRequest[] {
  const pool = Array.from({ length: random.whole(1, 3) }, () => drawRequest(random, { domain, descriptors }))
  const [first, ...more] = pool
  if (first === undefined) return []
  return Array.from({ length: random.whole(2, requestsMax) }, () => random.pick([first, ...more]))
}

function drawRequest(
  random: Random,
  config: { readonly domain: string; readonly descriptors: readonly DescriptorConfig[] },
): WireRequest {
  const isUnknown = random.chance(unknownDomainShare)
  const count = random.chance(0.5) ? 1 : random.whole(2, 4)
  const hitsAddend = random.chance(0.6) ? 0 : drawHits(random)
  return {
    domain: isUnknown ? `${config.domain}-unknown` : config.domain,
    descriptors: Array.from({ length: count }, () => drawDescriptor(random, config.descriptors)),
    ...(hitsAddend > 0 && { hitsAddend }),
  }
}

function drawHits(random: Random): number {
  return random.chance(0.06) ? random.pick([4_294_967_295, 65_536, 1_000_000]) : random.whole(1, 4)
}

function drawDescriptor(random: Random, configs: readonly DescriptorConfig[]): WireDescriptor {
  const hits = random.chance(0.7) ? undefined : random.chance(0.3) ? 0 : drawHits(random)
  const hasOverride = random.chance(0.1)
  return {
    entries: bent(random, walk(random, configs)),
    ...(hits !== undefined && { hitsAddend: { value: String(hits) } }),
    ...(hasOverride && { limit: { requestsPerUnit: random.whole(0, 5), unit: random.whole(1, 7) } }),
  }
}

/** Entries that follow the configuration down, and end anywhere on the way. */
function walk(random: Random, configs: readonly DescriptorConfig[]): readonly WireEntry[] {
  const [first, ...more] = configs
  if (first === undefined) return []
  const config = random.pick([first, ...more])
  const entry = { key: config.key, value: valueFor(random, config.value) }
  const goesOn = random.chance(config.rate_limit === undefined ? 0.95 : 0.5)
  return goesOn ? [entry, ...walk(random, config.descriptors ?? [])] : [entry]
}

function valueFor(random: Random, configured: string | undefined): string {
  if (configured === undefined || random.chance(0.1)) return random.pick([...values, '', 'x*y'])
  if (!configured.endsWith('*')) return configured
  return configured.slice(0, -1) + random.pick(['', 'one', 'two', 'v1'])
}

/** Now and then something the configuration does not have: a strange key, an entry more or less, none at all. */
function bent(random: Random, entries: readonly WireEntry[]): readonly WireEntry[] {
  if (random.chance(0.9)) return entries
  const strange = { key: random.pick([...keys, 'other']), value: random.pick(values) }
  return random.pick<readonly WireEntry[]>([[...entries, strange], [strange, ...entries], entries.slice(0, -1), []])
}
