import { readFileSync } from 'node:fs'

const names = ['lock', 'add', 'merge', 'move', 'figures', 'hold', 'keep', 'checkpoints'] as const

/** The text of each `queries/ledger-….sql`, read once. */
export const ledgerQueries = Object.fromEntries(
  names.map((name) => [name, readFileSync(new URL(`./queries/ledger-${name}.sql`, import.meta.url), 'utf8')]),
) as Readonly<Record<(typeof names)[number], string>>
