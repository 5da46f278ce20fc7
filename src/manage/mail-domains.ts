import { Fault } from '../core/fault.ts'
import { isUnbound } from './channel-scope.ts'
import type { Actor } from './who-may.ts'

/**
 * People have Tollgate mail only to where their installation mails: whoever could name any address could fill a stranger's mailbox in its
 * name. Administrators and the operator may name any. Throws a `Fault` of code `not_valid` that says which domains there are.
 */
export function assertMayMail(
  actor: Actor,
  { target, mailDomains }: { readonly target: string; readonly mailDomains: readonly string[] },
): void {
  if (actor.kind === 'operator' || isUnbound(actor)) return
  if (mailDomains.includes(target.slice(target.lastIndexOf('@') + 1).toLowerCase())) return
  throw new Fault(
    'not_valid',
    mailDomains.length === 0
      ? 'Mail is for an administrator to set up here: no domain is named (TOLLGATE_MAIL_DOMAINS) that people may have it sent to'
      : `Mail goes to addresses at ${mailDomains.join(', ')}; an administrator may set up another`,
  )
}
