import { Fault } from '../core/fault.ts'
import type { Observer } from '../telemetry/observer.ts'
import { askTopology, type Topology } from './cluster-topology.ts'
import { reasonOf } from './connect-trouble.ts'
import { createKeys } from './keys.ts'
import { createRedisSpendStore, type RedisSpendStore, type RedisSpendStoreOptions } from './spend-store.ts'

/** A master and what it holds. */
interface Node {
  readonly store: RedisSpendStore
  readonly partitions: Set<number>
}

export interface ClusterNodesOptions extends RedisSpendStoreOptions {
  readonly observer: Observer
}

const refreshEveryMs = 5_000
const refreshMsMin = 200
/** Nodes that were seen once and may be asked for the topology. */
const knownMax = 1_000

/**
 * The masters of a Redis Cluster, each behind a store of its own, so that one that hangs is left alone by its own breaker while the others
 * serve. Where the slots lie is asked every 5 s and whenever a master says that it is not the one.
 */
export class ClusterNodes {
  readonly #options: ClusterNodesOptions
  readonly #slotKeys: readonly string[]
  readonly #nodes = new Map<string, Node>()
  #known: readonly string[]
  #masters: readonly (string | undefined)[] = []
  #refreshing: Promise<void> | undefined
  #refreshedAtMs = Number.NEGATIVE_INFINITY
  #isClosed = false
  #trouble: string | undefined
  readonly #timer: NodeJS.Timeout

  constructor(options: ClusterNodesOptions, seeds: readonly string[]) {
    this.#options = options
    this.#known = seeds
    this.#slotKeys = createKeys(options.keyPrefix ?? 'tg1:').map(({ epoch }) => epoch)
    this.#timer = setInterval(() => void this.refresh(), refreshEveryMs).unref()
  }

  /** The store of the master that holds this partition. @throws Fault `store_unavailable` when none is known. */
  of(partition: number): RedisSpendStore {
    const node = this.#nodes.get(this.#masters[partition] ?? '')
    if (node === undefined) throw new Fault('store_unavailable', 'No master serves this partition', { transient: true })
    return node.store
  }

  all(): readonly RedisSpendStore[] {
    return [...this.#nodes.values()].map(({ store }) => store)
  }

  /** Why it is not known how the slots lie; undefined where it is. */
  get trouble(): string | undefined {
    return this.#trouble
  }

  /** True when every partition has a master that can be asked now. */
  isReady(): boolean {
    return this.#masters.length > 0 && this.#masters.every((master) => this.#nodes.get(master ?? '')?.store.isReady())
  }

  /** Asks anew how the slots lie, at most five times a second; callers at one time share one answer. Never throws. */
  refresh(): Promise<void> {
    if (this.#refreshing === undefined && performance.now() - this.#refreshedAtMs < refreshMsMin)
      return Promise.resolve()
    this.#refreshing ??= this.#ask().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#timer)
    await Promise.all(this.all().map((store) => store.close()))
  }

  async #ask(): Promise<void> {
    for (const address of this.#known) {
      const topology = await askTopology(this.#urlOf(address), this.#slotKeys).catch((error: unknown) => {
        this.#trouble = reasonOf(error)
        return undefined
      })
      if (this.#isClosed) return
      if (topology === undefined || topology.masters.every((master) => master === undefined)) continue
      this.#refreshedAtMs = performance.now()
      this.#trouble = undefined
      return this.#take(topology)
    }
    this.#options.observer.warn('cluster_topology_unknown', { asked: this.#known.length, reason: this.#trouble })
  }

  async #take({ masters, nodes }: Topology): Promise<void> {
    const held = new Map<string, Set<number>>()
    for (const [partition, master] of masters.entries()) {
      if (master !== undefined) held.set(master, (held.get(master) ?? new Set()).add(partition))
    }
    this.#masters = masters
    this.#known = [...new Set([...nodes, ...this.#known])].slice(0, knownMax)
    const added: Promise<void>[] = []
    for (const [address, partitions] of held) {
      const node = this.#nodes.get(address) ?? this.#add(address, added)
      node.partitions.clear()
      for (const partition of partitions) node.partitions.add(partition)
    }
    const gone = [...this.#nodes].filter(([address]) => !held.has(address))
    for (const [address, { store }] of gone) {
      this.#nodes.delete(address)
      await store.close()
    }
    await Promise.all(added)
  }

  #add(address: string, added: Promise<void>[]): Node {
    const partitions = new Set<number>()
    const groups = (): readonly (readonly number[])[] => [...partitions].map((partition) => [partition])
    const store = createRedisSpendStore({ ...this.#options, url: this.#urlOf(address), groups })
    const node = { store, partitions }
    this.#nodes.set(address, node)
    added.push(store.ready(refreshMsMin).catch(() => undefined))
    return node
  }

  /** The URL given in the settings, leading to another node: user, password and TLS hold for all. */
  #urlOf(address: string): string {
    const url = new URL(this.#options.url)
    url.search = ''
    url.host = address
    return url.href
  }
}
