import { readFileSync } from 'node:fs'

const names = [
  'request-person',
  'request-hold-people',
  'request-hold-asker',
  'request-hold-project',
  'request-hold',
  'request-place',
  'request-limit',
  'request-read',
  'request-list',
  'request-open-count',
  'request-add',
  'request-end',
  'request-promised',
  'request-add-link',
  'request-link',
  'request-use-link',
  'grant-list',
  'grant-add',
  'grant-end',
] as const

/** The text of each of these `queries/….sql`, read once. */
export const requestQueries = Object.fromEntries(
  names.map((name) => [name, readFileSync(new URL(`./queries/${name}.sql`, import.meta.url), 'utf8')]),
) as Readonly<Record<(typeof names)[number], string>>
