import type { Actor } from './who-may.ts'

/** As the audit names who acts; the operator has the name of the database session. */
export function nameOf(actor: Actor): string | undefined {
  return actor.kind === 'operator' ? undefined : actor.id
}
