import type { CounterWindow } from '../core/charge.ts'
import type { Subject } from '../core/subject.ts'
import type { Drainer } from './drainer.ts'
import type { LedgerStore, SeedStore } from './ports.ts'

export interface SeedParts {
  readonly store: LedgerStore
  readonly seedStore: SeedStore
  readonly drain: Drainer
}

/** The ledger's figures into the store; when the books have not read far enough, one drain of the partition and one more try. */
export async function seedOnce(
  { store, seedStore, drain }: SeedParts,
  { subject, counters }: { readonly subject: Subject; readonly counters: readonly CounterWindow[] },
): Promise<'seeded' | 'behind'> {
  const first = await seedStore.seed(await store.figures(subject, counters))
  if (first === 'seeded') return first
  await drain(subject.partition, { batchesMax: 10 })
  return seedStore.seed(await store.figures(subject, counters))
}
