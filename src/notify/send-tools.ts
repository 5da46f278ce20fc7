import type { Channel, SecretOpener, SendResult } from '../alerts/ports.ts'
import type { Post } from './post.ts'

/** What every sender over HTTP is given. */
export interface SendTools {
  readonly post: Post
  readonly secrets: SecretOpener
  readonly nowMs: () => number
}

export interface OpenedChannel {
  readonly kind: 'opened'
  readonly target: string
  /** The channel's own, then the former one while it counts; empty when it has none. */
  readonly signingSecrets: readonly string[]
}

/**
 * Opens what the channel's row refers to. What cannot be opened is tried again: the variable, the file or the right key may come with the next
 * start, and nothing is lost till then.
 */
export async function openChannel(
  channel: Channel,
  { secrets, nowMs }: Pick<SendTools, 'secrets' | 'nowMs'>,
): Promise<OpenedChannel | SendResult> {
  const target = await secrets.open(channel.target)
  if (target === undefined) return cannotOpen('target')
  const { secret, formerSecret, formerSecretUntilMs = Number.POSITIVE_INFINITY } = channel
  const signingSecrets: string[] = []
  if (secret !== undefined) {
    const opened = await secrets.open(secret)
    if (opened === undefined) return cannotOpen('secret')
    signingSecrets.push(opened)
  }
  if (formerSecret !== undefined && nowMs() < formerSecretUntilMs) {
    const opened = await secrets.open(formerSecret)
    if (opened !== undefined) signingSecrets.push(opened)
  }
  return { kind: 'opened', target, signingSecrets }
}

function cannotOpen(what: string): SendResult {
  return {
    kind: 'again',
    why: `The channel's ${what} cannot be opened: there is no such file or variable, or the variable's name does not begin with TOLLGATE_CHANNEL_, or it was sealed with another key`,
  }
}
