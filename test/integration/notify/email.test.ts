import { afterEach, describe, expect, test } from 'vitest'
import { composeMessage } from '../../../src/alerts/compose-message.ts'
import { createSenders, type Senders } from '../../../src/notify/create-senders.ts'
import { createSecretBox } from '../../../src/notify/secret-box.ts'
import { levelEvent, localChannel } from '../../support/receivers/alert-events.ts'
import { type MailServer, startMail, startSilent } from '../../support/receivers/mail.ts'

const secretBox = createSecretBox({ key: new Uint8Array(32), environment: {}, prefix: 'TOLLGATE_CHANNEL_' })
const audience = { language: 'en', publicUrl: 'https://tollgate.example' } as const
const message = composeMessage([levelEvent()], audience)
const toAlice = localChannel('email', 'alice@example.org', { account: 'alice' })
const from = 'Tollgate <alerts@tollgate.example>'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

async function mailServer(options: Parameters<typeof startMail>[0] = {}): Promise<MailServer> {
  const server = await startMail(options)
  ends.push(() => server.close())
  return server
}

function sendersTo(url: string, options: { readonly timeoutMs?: number } = {}): Senders {
  const senders = createSenders({ secretBox, mail: { url, from }, ...options })
  ends.push(() => senders.close())
  return senders
}

describe('the mail sender', () => {
  test('writes one mail with text and HTML that say the same', async () => {
    const server = await mailServer({ disabledCommands: ['STARTTLS'] })
    const senders = sendersTo(`smtp://127.0.0.1:${server.port}`)
    expect(await senders.email.send(toAlice, message)).toEqual({ kind: 'sent' })
    const [{ to, mail, source } = { to: [], mail: undefined, source: '' }] = server.received
    expect(to).toEqual(['alice@example.org'])
    expect(mail?.subject).toBe('alice has reached 80 % of daily: 800.5 of 1000 credits')
    expect(mail?.from).toMatchObject({ name: 'Tollgate', address: 'alerts@tollgate.example' })
    for (const fact of [
      '800.5 of 1000 credits',
      '199.5 credits left',
      '2026-11-23 00:00 Asia/Shanghai',
      'https://tollgate.example',
    ]) {
      expect(mail?.text).toContain(fact)
      expect(mail?.html).toContain(fact)
    }
    expect(source).toMatch(/^Auto-Submitted: auto-generated\r$/m)
    expect(source).toMatch(/^List-ID: Tollgate alerts <alerts\.tollgate\.example>\r$/m)
  })

  test('hangs everything about one limit in one window into one thread, and keeps the id of a mail that is sent again', async () => {
    const server = await mailServer({ disabledCommands: ['STARTTLS'] })
    const senders = sendersTo(`smtp://127.0.0.1:${server.port}`)
    const day = 86_400_000
    const later = levelEvent({ id: 'evt_2', level: 'critical', percent: 95 })
    const { limit } = levelEvent()
    const tomorrow = levelEvent({ id: 'evt_3', ...(limit && { limit: { ...limit, startMs: limit.startMs + day } }) })
    for (const event of [levelEvent(), levelEvent(), later, tomorrow]) {
      expect(await senders.email.send(toAlice, composeMessage([event], audience))).toEqual({ kind: 'sent' })
    }
    const [first, again, second, next] = server.received.map(({ mail }) => mail)
    expect(again?.messageId).toBe(first?.messageId)
    expect(second?.messageId).not.toBe(first?.messageId)
    expect(second?.references).toBe(first?.references)
    expect(second?.inReplyTo).toBe(first?.references)
    expect(next?.references).not.toBe(first?.references)
    expect(first?.messageId).toMatch(/^<[0-9a-f]{32}\.1@tollgate\.example>$/)
    // All over one connection.
    expect(server.connections()).toBe(1)
  })

  test('escapes what people wrote, and lets no line of theirs become a header', async () => {
    const server = await mailServer({ disabledCommands: ['STARTTLS'] })
    const senders = sendersTo(`smtp://127.0.0.1:${server.port}`)
    const evil =
      '</p><script>alert(1)</script>\r\nBcc: all@example.org\r\n\r\n{{7*7}} <%= 7*7 %> "x" https://evil.example/a'
    const event = levelEvent({
      type: 'request_asked',
      data: { request: 'r-1', askedBy: evil, amount: '1', counts: 'credits', reason: evil },
    })
    expect(await senders.email.send(toAlice, composeMessage([event], audience))).toEqual({ kind: 'sent' })
    const [received] = server.received
    expect(received?.to).toEqual(['alice@example.org'])
    expect(received?.mail.bcc ?? []).toEqual([])
    expect(received?.mail.html).not.toMatch(/<script|href="https:\/\/evil/)
    expect(received?.mail.html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
    expect(received?.mail.html).toContain('{{7*7}} &lt;%= 7*7 %&gt;')
    expect(received?.mail.subject).not.toContain('\n')
  })

  test('makes the link that decides a link, and says how long it counts', async () => {
    const server = await mailServer({ disabledCommands: ['STARTTLS'] })
    const senders = sendersTo(`smtp://127.0.0.1:${server.port}`)
    const event = levelEvent({
      type: 'request_asked',
      data: { request: 'r-1', askedBy: 'bob', amount: '1', counts: 'credits' },
    })
    const decisionLink = { url: 'https://tollgate.example/decide/abc', untilMs: Date.UTC(2026, 10, 23, 9, 30) }
    expect(await senders.email.send(toAlice, composeMessage([event], { ...audience, decisionLink }))).toEqual({
      kind: 'sent',
    })
    expect(server.received[0]?.mail.html).toContain('<a href="https://tollgate.example/decide/abc">')
    expect(server.received[0]?.mail.text).toContain('until 2026-11-23 17:30 Asia/Shanghai')
  })

  test('signs in over TLS, and tells no password where there is none', async () => {
    const server = await mailServer({ password: 'pass word' })
    const trusting = '?tls.rejectUnauthorized=false'
    const senders = sendersTo(`smtp://tollgate:pass%20word@127.0.0.1:${server.port}/${trusting}`)
    expect(await senders.email.send(toAlice, message)).toEqual({ kind: 'sent' })
    expect(server.received).toMatchObject([{ isSecure: true, user: 'tollgate' }])
    const strict = sendersTo(`smtp://tollgate:pass%20word@127.0.0.1:${server.port}/`)
    expect((await strict.email.send(toAlice, message)).kind).toBe('again')
    const wrong = sendersTo(`smtp://tollgate:wrong@127.0.0.1:${server.port}/${trusting}`)
    expect(await wrong.email.send(toAlice, message)).toMatchObject({
      kind: 'again',
      why: expect.stringContaining('535'),
    })
    const none = await mailServer({ password: 'pass word', disabledCommands: ['STARTTLS'], allowInsecureAuth: true })
    const insisting = sendersTo(`smtp://tollgate:pass%20word@127.0.0.1:${none.port}/?requireTLS=true`)
    expect((await insisting.email.send(toAlice, message)).kind).toBe('again')
    expect(none.received).toEqual([])
  })

  test.each([
    ['rcpt', 421, 'again'],
    ['rcpt', 450, 'again'],
    ['rcpt', 452, 'again'],
    ['rcpt', 550, 'refused'],
    ['rcpt', 553, 'refused'],
    ['data', 451, 'again'],
    ['data', 552, 'refused'],
    ['data', 554, 'refused'],
  ] as const)('takes %s answered %i for %s, and goes on afterwards', async (at, code, kind) => {
    const server = await mailServer({ disabledCommands: ['STARTTLS'] })
    const senders = sendersTo(`smtp://127.0.0.1:${server.port}`)
    server.refuse(at, { code, text: 'not today' })
    expect(await senders.email.send(toAlice, message)).toMatchObject({ kind, why: expect.stringContaining(`${code}`) })
    server.refuse(at, undefined)
    expect(await senders.email.send(toAlice, message)).toEqual({ kind: 'sent' })
  })

  test('goes on after the server has closed an idle connection', async () => {
    const server = await mailServer({ disabledCommands: ['STARTTLS'] })
    const senders = sendersTo(`smtp://127.0.0.1:${server.port}`)
    expect(await senders.email.send(toAlice, message)).toEqual({ kind: 'sent' })
    expect(server.hangUp()).toBe(1)
    expect(await senders.email.send(toAlice, message)).toEqual({ kind: 'sent' })
    expect(server.connections()).toBe(2)
  })

  test('sends many at once over few connections, each once', async () => {
    const server = await mailServer({ disabledCommands: ['STARTTLS'] })
    const senders = sendersTo(`smtp://127.0.0.1:${server.port}`, { timeoutMs: 60_000 })
    const channels = Array.from({ length: 60 }, (_, index) => localChannel('email', `person-${index}@example.org`))
    const ends = await Promise.all(channels.map((channel) => senders.email.send(channel, message)))
    expect(ends).toEqual(channels.map(() => ({ kind: 'sent' })))
    expect(new Set(server.received.flatMap(({ to }) => to)).size).toBe(60)
    expect(server.received).toHaveLength(60)
    expect(server.connections()).toBeLessThanOrEqual(8)
  })

  test('waits for a server that says nothing no longer than it may', async () => {
    const silent = await startSilent()
    ends.push(() => silent.close())
    const senders = sendersTo(`smtp://127.0.0.1:${silent.port}`, { timeoutMs: 300 })
    expect(await senders.email.send(toAlice, message)).toMatchObject({ kind: 'again' })
  })

  test('says that nobody listens, that mail is not set up, and that a target is not one address', async () => {
    const server = await startMail()
    await server.close()
    const senders = sendersTo(`smtp://127.0.0.1:${server.port}`)
    expect(await senders.email.send(toAlice, message)).toMatchObject({
      kind: 'again',
      why: expect.stringContaining('cannot be used'),
    })
    const without = createSenders({ secretBox })
    expect(await without.email.send(toAlice, message)).toMatchObject({
      kind: 'again',
      why: expect.stringContaining('TOLLGATE_MAIL_URL'),
    })
    for (const target of [
      'alice@example.org,bob@example.org',
      'alice',
      'a@b\r\nRCPT TO:<x@y>',
      'Alice <alice@example.org>',
    ]) {
      expect(await senders.email.send({ ...toAlice, target }, message)).toMatchObject({ kind: 'refused' })
    }
  })
})
