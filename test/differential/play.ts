import { setTimeout as delay } from 'node:timers/promises'
import { type Comparison, compareSequence, type Exchange } from './compare.ts'
import { type DescriptorConfig, drawConfiguration, yamlOf } from './configuration.ts'
import { createRandom } from './random.ts'
import type { RateLimitClient, WireRequest } from './rate-limit-client.ts'
import { drawSequence } from './sequence.ts'
import type { Files, Side } from './sides.ts'

/** A configuration in a domain of its own, and what is asked of it. */
export interface Case {
  readonly domain: string
  readonly config: readonly DescriptorConfig[]
  readonly sequence: readonly WireRequest[]
}

export interface Played extends Comparison {
  readonly case: Case
  readonly requests: number
  /** It ran over the end of a second, and each side may have counted in another window. */
  readonly isCrossed: boolean
}

/** Both services. */
export interface Sides {
  readonly reference: Side
  readonly tollgate: Side
}

const atOnceMax = 24
/** Begin no later in a second than this: what is counted by the second must fit into one. */
const beginMsMax = 600

/** The nth case of a seed; the same again in another domain, whose counters are fresh. */
export function drawCase(seed: number, nth: number, domain: string): Case {
  const random = createRandom(Math.imul(seed, 1_000_003) + nth)
  const config = drawConfiguration(random)
  return { domain, config, sequence: drawSequence(random, { domain, descriptors: config }) }
}

/** Loads the configurations of all cases into both services at once, then asks all sequences, many side by side. */
export async function playAll(sides: Sides, cases: readonly Case[]): Promise<readonly Played[]> {
  const files: Files = Object.fromEntries(cases.map(({ domain, config }) => [domain, yamlOf(domain, config)]))
  const [reference, tollgate] = await Promise.all([sides.reference.load(files), sides.tollgate.load(files)])
  const waiting = [...cases]
  const played: Played[] = []
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      played.push(await play(next, { reference, tollgate }))
    }
  }
  await Promise.all(Array.from({ length: atOnceMax }, worker))
  return played
}

async function play(
  one: Case,
  { reference, tollgate }: { readonly reference: RateLimitClient; readonly tollgate: RateLimitClient },
): Promise<Played> {
  const late = Date.now() % 1_000
  if (late > beginMsMax) await delay(1_001 - late)
  const exchanges: Exchange[] = []
  const startedMs = Date.now()
  for (const request of one.sequence) {
    const atMs = Date.now()
    const [theirs, ours] = await Promise.all([reference.ask(request), tollgate.ask(request)])
    exchanges.push({ request, theirs, ours, atMs })
  }
  const isCrossed = Math.floor(startedMs / 1_000) !== Math.floor(Date.now() / 1_000)
  return { ...compareSequence(one.config, exchanges), case: one, requests: exchanges.length, isCrossed }
}
