import { readFileSync } from 'node:fs'

const names = ['lock', 'add', 'merge', 'move', 'figures', 'hold', 'keep', 'checkpoints'] as const
const upkeepNames = [
  ...(['add-days', 'drop-days', 'due-day', 'coarsen', 'coarsen-default', 'prune-default'] as const),
  ...(['prune-counters', 'prune-subjects', 'prune-hours', 'prune-refusals', 'prune-links', 'prune-grants'] as const),
  ...(['heat', 'read-heat'] as const),
] as const

/** The text of each `queries/ledger-….sql`, read once. */
export const ledgerQueries = textsOf(names)
export const upkeepQueries = textsOf(upkeepNames)
export const usageQueries = textsOf(['usage', 'entries'])

function textsOf<const T extends string>(wanted: readonly T[]): Readonly<Record<T, string>> {
  const texts = wanted.map((name) => [
    name,
    readFileSync(new URL(`./queries/ledger-${name}.sql`, import.meta.url), 'utf8'),
  ])
  return Object.fromEntries(texts) as Readonly<Record<T, string>>
}
