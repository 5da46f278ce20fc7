import { readFileSync } from 'node:fs'

const names = ['holder', 'tokens', 'hold-tokens', 'count-tokens', 'add-token', 'outlive-token', 'revoke-token'] as const

/** The text of each `queries/directory-….sql`, read once. */
export const directoryQueries = Object.fromEntries(
  names.map((name) => [name, readFileSync(new URL(`./queries/directory-${name}.sql`, import.meta.url), 'utf8')]),
) as Readonly<Record<(typeof names)[number], string>>
