import { Redis } from 'ioredis'
import { Fault } from '../core/fault.ts'
import { partitionCount } from '../core/subject.ts'
import { reasonOf } from './connect-trouble.ts'

/** Which master holds each partition, as `host:port`. */
export interface Topology {
  /** By partition; undefined where no master serves its slot. */
  readonly masters: readonly (string | undefined)[]
  /** Every node that was named, replicas too: where to ask next time. */
  readonly nodes: readonly string[]
}

type SlotRange = readonly [
  from: number,
  to: number,
  ...nodes: (readonly [host: string, port: number, ...rest: unknown[]])[],
]

const askMsMax = 1_000

/**
 * Asks one node of a Redis Cluster how the slots lie. `slotKeys` has one key per partition. Uses a connection of its own, so that a node that
 * hangs holds up nobody. @throws Fault `store_unavailable` when the node does not answer or is no cluster.
 */
export async function askTopology(url: string, slotKeys: readonly string[]): Promise<Topology> {
  const client = new Redis(url, {
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    connectTimeout: askMsMax,
    commandTimeout: askMsMax,
  })
  // A connection that fails says no more than that it is closed.
  let trouble: unknown
  client.on('error', (error) => {
    trouble = error
  })
  try {
    await client.connect()
    const ranges = (await client.cluster('SLOTS')) as readonly SlotRange[]
    const slots = await Promise.all(slotKeys.map((key) => client.cluster('KEYSLOT', key)))
    return topologyOf(ranges, slots.map(Number), new URL(url).hostname)
  } catch (cause) {
    const { host } = new URL(url)
    const reason = reasonOf(trouble ?? cause)
    const sentence = reason.includes('cluster support disabled')
      ? `The Redis at ${host} is no cluster: write redis:// instead of redis+cluster://`
      : `The Redis Cluster does not say how its slots lie: ${host} says: ${reason}`
    throw new Fault('store_unavailable', sentence, { cause, transient: true })
  } finally {
    client.disconnect()
  }
}

/** `asked` stands for a host that the answer leaves empty: it means the node that answered. */
export function topologyOf(ranges: readonly SlotRange[], slots: readonly number[], asked: string): Topology {
  const address = ([host, port]: readonly [string, number, ...unknown[]]): string => {
    const name = host === '' || host === '?' ? asked : host
    return `${name.includes(':') && !name.startsWith('[') ? `[${name}]` : name}:${port}`
  }
  const masters = slots.map((slot) => {
    const range = ranges.find(([from, to]) => from <= slot && slot <= to)
    const master = range?.[2]
    return master && address(master)
  })
  const nodes = new Set(ranges.flatMap(([, , ...held]) => held.map(address)))
  return { masters: masters.slice(0, partitionCount), nodes: [...nodes] }
}
