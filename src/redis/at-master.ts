import { Fault } from '../core/fault.ts'
import type { ClusterNodes } from './cluster-nodes.ts'
import type { RedisSpendStore } from './spend-store.ts'

/** What Redis says when a slot is elsewhere, or nowhere: the script did not run. */
const elsewhere = /^(?:MOVED|ASK|TRYAGAIN|CLUSTERDOWN) /

/** Asks the master of a partition; once more, somewhere else, when it says that it is not. */
export type At = <T>(partition: number, ask: (store: RedisSpendStore) => Promise<T>) => Promise<T>

/** @throws what the second master says. */
export function createAt(nodes: ClusterNodes): At {
  return async (partition, ask) => {
    const store = nodes.of(partition)
    try {
      return await ask(store)
    } catch (error) {
      if (!isElsewhere(error)) throw error
      await nodes.refresh()
      const other = nodes.of(partition)
      if (other === store) throw error
      return ask(other)
    }
  }
}

function isElsewhere(error: unknown): boolean {
  return error instanceof Fault && error.cause instanceof Error && elsewhere.test(error.cause.message)
}
