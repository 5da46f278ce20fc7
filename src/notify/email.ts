import { createTransport, type NodemailerError, type SMTPPoolOptions } from 'nodemailer'
import type { Sender, SendResult } from '../alerts/ports.ts'
import { quoted } from './http-result.ts'
import { mailOf } from './mail-text.ts'
import { openChannel, type SendTools } from './send-tools.ts'
import { createTurns } from './turns.ts'

export interface MailSettings {
  /**
   * `smtp://` or `smtps://`, with user and password where the server wants them. `smtps` is TLS from the start; `smtp` changes to TLS where the
   * server offers it, and insists on it when there is a password, but on loopback.
   */
  readonly url: string
  /** `Tollgate <tollgate@example.org>`; absent: tollgate@ and the server's name. */
  readonly from?: string
}

export interface MailSender extends Sender {
  /** Ends the pool's connections; what is under way ends as it may. */
  close(): void
}

const connectionsMax = 8
const waitingMax = 1_000
/** Of the time for one try; the rest is for the wait before. */
const sendingShare = 0.7
const address = /^[^@\s<>,;]{1,64}@[A-Za-z0-9.-]{1,190}$/

/**
 * Sends mail through one server, over at most 8 connections that are kept between mails. 2xx is sent; a mailbox or message that is turned down for
 * good (5xx to RCPT or DATA) is refused; anything else is tried again, as SMTP has it (RFC 5321 §4.2.1): 4xx, no connection, no TLS, a password
 * that is not taken, no answer within 10 s. A mail that waited 3 s of these for a connection is not sent, and tried again.
 */
export function createMailSender(
  tools: Pick<SendTools, 'secrets' | 'nowMs'>,
  mail: MailSettings | undefined,
  timeoutMs = 10_000,
): MailSender {
  if (mail === undefined) return { kind: 'email', send: async () => unset, close: () => {} }
  const from = mail.from ?? `Tollgate <tollgate@${new URL(mail.url).hostname}>`
  const domain = /@([A-Za-z0-9.-]+)>?\s*$/.exec(from)?.[1] ?? 'tollgate.invalid'
  const sendMsMax = timeoutMs * sendingShare
  const transport = createTransport(poolOptions(mail.url, sendMsMax))
  // Each mail hears of its own trouble; of an idle connection's nobody needs to.
  transport.on('error', () => {})
  const turns = createTurns({ countMax: connectionsMax, waitingMax })
  return {
    kind: 'email',
    perMinuteMax: 20,
    send: async (channel, message) => {
      const opened = await openChannel(channel, tools)
      if (opened.kind !== 'opened') return opened
      if (!address.test(opened.target)) return { kind: 'refused', why: 'The target is not one mail address' }
      const turn = await turns.take(timeoutMs - sendMsMax)
      if (turn === undefined) return { kind: 'again', why: 'Too many mails wait for the mail server' }
      const to = { name: '', address: opened.target }
      const sending = transport.sendMail({ ...mailOf(message, channel, domain), from, to })
      const result = sending.then((): SendResult => ({ kind: 'sent' }), resultOf).finally(turn.done)
      return await inTime(result, sendMsMax)
    },
    close: () => transport.close(),
  }
}

const unset: SendResult = { kind: 'again', why: 'Mail is not set up: TOLLGATE_MAIL_URL names no server' }

function poolOptions(text: string, timeoutMs: number): SMTPPoolOptions & { readonly pool: true } {
  const url = new URL(text)
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  return {
    requireTLS: url.username !== '' && !isLocal,
    // What the URL says in its query comes last, and counts.
    url: text,
    pool: true,
    maxConnections: connectionsMax,
    // Once, for a connection that the server closed while it was idle; the rest is tried again by whoever asked.
    maxRequeues: 1,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}

const turnedDown: ReadonlySet<string> = new Set(['RCPT TO', 'DATA'])

function resultOf(error: NodemailerError): SendResult {
  const { responseCode, command = '', code = '' } = error
  if (responseCode === undefined)
    return { kind: 'again', why: `The mail server cannot be used: ${code || 'it failed'}` }
  const why = `The mail server answered ${responseCode}${quoted(error.response ?? '')}`
  return { kind: responseCode >= 500 && turnedDown.has(command) ? 'refused' : 'again', why }
}

/** The library waits by step; this bounds the whole. A mail that is taken after all is sent once more later, with the same Message-ID. */
async function inTime(result: Promise<SendResult>, timeoutMs: number): Promise<SendResult> {
  const late = Promise.withResolvers<SendResult>()
  const timer = setTimeout(
    () => late.resolve({ kind: 'again', why: 'The mail server did not answer in time' }),
    timeoutMs,
  )
  try {
    return await Promise.race([result, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
