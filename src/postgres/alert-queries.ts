import { readFileSync } from 'node:fs'

const names = [
  'route',
  'due',
  'hold',
  'target',
  'pace',
  'use-pace',
  'end-sent',
  'end-again',
  'end-failed',
  'rest',
  'stop',
  'give-up',
  'forget',
  'waiting',
] as const

/** The text of each `queries/alert-….sql` of the outbox, read once. */
export const alertQueries = Object.fromEntries(
  names.map((name) => [name, readFileSync(new URL(`./queries/alert-${name}.sql`, import.meta.url), 'utf8')]),
) as Readonly<Record<(typeof names)[number], string>>
