import { Fault } from '../core/fault.ts'
import { isReference } from '../core/target-hint.ts'
import type { ChannelChange, ChannelKindWord, ChannelTools } from './channel-ports.ts'

/** A secret for a row: as it is kept, and as it is shown, once, when it is of our making. */
export interface MadeSecret {
  readonly kept?: string
  readonly shown?: string
}

const secretBytes = 32
const secretBytesMax = 500
const webhookSecret = /^whsec_[A-Za-z0-9+/]{32,90}={0,2}$/

/**
 * The secret that a channel is to have. A webhook without one gets one: 32 random bytes, as Standard Webhooks 1.0 writes them. No secret goes
 * along when somebody other than the operator changes the target: a webhook gets another one, of other kinds it has to be given again.
 * Throws a `Fault` of code `not_valid`.
 */
export async function secretFor(
  tools: Pick<ChannelTools, 'sealer' | 'randomBytes'>,
  wish: {
    readonly kind: ChannelKindWord
    readonly given: ChannelChange['secret']
    /** As the row has it; undefined: none, or a new row. */
    readonly current: string | undefined
    /** Somebody who need not know it sends it elsewhere from now on. */
    readonly isMoved: boolean
    readonly mayRefer: boolean
  },
): Promise<MadeSecret> {
  const { kind, given, current, isMoved } = wish
  if (typeof given === 'string') return { kept: await sealed(tools, given, wish) }
  if (given === undefined && current !== undefined && !isMoved) return { kept: current }
  const isOfOurMaking = kind === 'webhook'
  if (given === undefined && current !== undefined && !isOfOurMaking)
    throw new Fault('not_valid', 'The secret does not go to another target by itself: give it too, or null for none')
  if (given === null && isOfOurMaking)
    throw new Fault('not_valid', 'A webhook is always signed: rotate its secret instead')
  if (given !== null && given !== undefined && !isOfOurMaking)
    throw new Fault('not_valid', `The secret of a ${kind} channel is made by its vendor: give the new one`)
  if (!isOfOurMaking) return {}
  const shown = `whsec_${Buffer.from(tools.randomBytes(secretBytes)).toString('base64')}`
  return { kept: await tools.sealer.seal(shown), shown }
}

async function sealed(
  { sealer }: Pick<ChannelTools, 'sealer'>,
  given: string,
  { kind, mayRefer }: { readonly kind: ChannelKindWord; readonly mayRefer: boolean },
): Promise<string> {
  if (!/^\S+$/.test(given) || Buffer.byteLength(given) > secretBytesMax)
    throw new Fault('not_valid', `secret must be one word of at most ${secretBytesMax} bytes`)
  if (isReference(given)) {
    if (!mayRefer)
      throw new Fault(
        'not_valid',
        'secret must be the secret itself: a variable or a file is for the command line or SQL to name',
      )
    return given
  }
  if (kind === 'webhook' && !webhookSecret.test(given))
    throw new Fault(
      'not_valid',
      'secret of a webhook must be whsec_ and 24 to 64 bytes in base64; without one Tollgate makes it',
    )
  return sealer.seal(given)
}
