import { Fault } from '../core/fault.ts'
import { isReference } from '../core/target-hint.ts'
import type { ChannelKindWord, ChannelTools } from './channel-ports.ts'

const mailbox = /^[^@\s<>,;]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)*[A-Za-z0-9-]{1,63}$/
const targetBytesMax = 1_000
const privateName = /(?:^|\.)(?:localhost|local|internal)\.?$/i
/** What the caller may name, and how addresses are read. */
export interface TargetRules {
  /** Plain http and private networks are allowed. */
  readonly isPrivate: boolean
  /** A variable or a file may be named instead. */
  readonly mayRefer: boolean
  readonly troubleWith: ChannelTools['troubleWith']
}

/** Refuses a target that could not be used or is not for the caller to name. Throws a `Fault` of code `not_valid`. */
export function assertTarget(kind: ChannelKindWord, target: string, rules: TargetRules): void {
  if (!/^\S{3,}$/.test(target) || Buffer.byteLength(target) > targetBytesMax)
    throw notValid(`target must be one word of 3 to ${targetBytesMax} bytes`)
  if (kind === 'email') {
    if (!mailbox.test(target)) throw notValid('target of a mail channel must be one address, such as alice@example.org')
    return
  }
  if (!isReference(target)) assertUrl(target, rules)
  else if (!rules.mayRefer)
    throw notValid('target must be the address itself: a variable or a file is for the command line or SQL to name')
}

/** The dial checks every address that a name leads to; a name that says by itself where it leads is refused sooner. */
function assertUrl(target: string, { isPrivate, troubleWith }: TargetRules): void {
  const trouble = troubleWith(target, { isPrivate })
  if (trouble !== undefined) throw notValid(trouble)
  if (!isPrivate && privateName.test(new URL(target).hostname))
    throw notValid(
      'The target is not on the public Internet; an administrator may allow it as a private target: private_target, or --private-target',
    )
}

function notValid(message: string): Fault {
  return new Fault('not_valid', message)
}
