import { readFileSync } from 'node:fs'

const names = [
  ...(['expiring-tokens', 'ending-grants', 'note-networks', 'forget-networks', 'crowded-tokens'] as const),
  ...(['due-requests', 'untold-requests', 'end-conditions', 'note-caught-up', 'caught-up'] as const),
] as const

/** The text of each `queries/watch-….sql`, read once. */
export const watchQueries = Object.fromEntries(
  names.map((name) => [name, readFileSync(new URL(`./queries/watch-${name}.sql`, import.meta.url), 'utf8')]),
) as Readonly<Record<(typeof names)[number], string>>
