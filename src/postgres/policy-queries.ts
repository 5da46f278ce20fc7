import { readFileSync } from 'node:fs'

const names = [
  'migration',
  'version',
  'changes',
  'department',
  'project',
  'account',
  'plan',
  'token',
  'upstream',
  'limit-rule',
  'price-rule',
  'access-rule',
] as const

/** The text of each `queries/policy-….sql`, read once. */
export const policyQueries = Object.fromEntries(
  names.map((name) => [name, readFileSync(new URL(`./queries/policy-${name}.sql`, import.meta.url), 'utf8')]),
) as Readonly<Record<(typeof names)[number], string>>
