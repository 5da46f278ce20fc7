import { type AnsweringServer, type Received, type Reply, startAnswering } from './answering.ts'

/** What a robot says of a message: 0 and a word, or why not. */
export interface Verdict {
  readonly code: number
  readonly text: string
}

export interface Robot extends AnsweringServer {
  /** What it took: bodies as JSON. */
  readonly taken: readonly unknown[]
  /** From now on it answers so, whatever comes; undefined: as the vendor documents. */
  answerWith(reply: Reply | undefined): void
  /** Forgets what came in this minute. */
  nextMinute(): void
}

/**
 * A group robot: judges a message by `judge`, takes at most `perMinuteMax` a minute, and answers HTTP 200 whatever it thinks of it, as `reply` puts
 * it.
 */
export async function startRobot(rules: {
  readonly path: string
  readonly perMinuteMax: number
  readonly tooMany: Verdict
  readonly unread: Verdict
  readonly judge: (body: Readonly<Record<string, unknown>>, received: Received) => Verdict
  readonly reply: (verdict: Verdict) => Reply
}): Promise<Robot> {
  const taken: unknown[] = []
  let inMinute = 0
  let fixed: Reply | undefined
  const server = await startAnswering((received) => {
    if (fixed !== undefined) return fixed
    const body = parse(received.text)
    if (body === undefined) return rules.reply(rules.unread)
    const verdict = rules.judge(body, received)
    if (verdict.code !== 0) return rules.reply(verdict)
    inMinute += 1
    if (inMinute > rules.perMinuteMax) return rules.reply(rules.tooMany)
    taken.push(body)
    return rules.reply(verdict)
  })
  return {
    ...server,
    url: server.url + rules.path,
    taken,
    answerWith: (reply) => {
      fixed = reply
    },
    nextMinute: () => {
      inMinute = 0
    },
  }
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>
  } catch {
    return undefined
  }
}
