import { afterEach, describe, expect, test } from 'vitest'
import { composeMessage } from '../../../src/alerts/compose-message.ts'
import type { Message } from '../../../src/alerts/ports.ts'
import { createSenders } from '../../../src/notify/create-senders.ts'
import { createSecretBox } from '../../../src/notify/secret-box.ts'
import { levelEvent, localChannel } from '../../support/receivers/alert-events.ts'
import { startDingtalk } from '../../support/receivers/dingtalk.ts'
import { startFeishu } from '../../support/receivers/feishu.ts'
import type { Robot } from '../../support/receivers/robot.ts'
import { startSlack } from '../../support/receivers/slack.ts'
import { startWecom } from '../../support/receivers/wecom.ts'

const secretBox = createSecretBox({ key: new Uint8Array(32), environment: {}, prefix: 'TOLLGATE_CHANNEL_' })
const senders = createSenders({ secretBox })
const impatient = createSenders({ secretBox, timeoutMs: 250 })
const robots: Robot[] = []
afterEach(async () => {
  await Promise.all(robots.splice(0).map((robot) => robot.close()))
})

async function started<R extends Robot>(starting: Promise<R>): Promise<R> {
  const robot = await starting
  robots.push(robot)
  return robot
}

const message = composeMessage([levelEvent()], { language: 'en', publicUrl: 'https://tollgate.example' })
const kinds = ['wecom', 'dingtalk', 'feishu', 'slack'] as const
const starts = { wecom: startWecom, dingtalk: startDingtalk, feishu: startFeishu, slack: startSlack }

/** Whatever people may write into a name or a reason to make others look. */
const nasty =
  '<@all> @all <!channel> <!here> <at user_id="all">all</at> [click](https://evil.example) *b* `c` <b>x</b> & "q" \u202e'
const asked = composeMessage(
  [
    levelEvent({
      type: 'request_asked',
      data: { request: 'r-1', askedBy: nasty, limitName: 'daily', amount: '200', counts: 'credits', reason: nasty },
    }),
  ],
  { language: 'en', publicUrl: 'https://tollgate.example' },
)
const long: Message = {
  ...message,
  title: '限'.repeat(500),
  paragraphs: Array.from({ length: 20 }, () => '"用完"😀'.repeat(500)),
}

describe.each(kinds)('the %s sender', (kind) => {
  test('is taken by a robot that keeps to its documents', async () => {
    const robot = await started(starts[kind]())
    expect(await senders[kind].send(localChannel(kind, robot.url), message)).toEqual({ kind: 'sent' })
    const text = JSON.stringify(robot.taken)
    expect(text).toContain('alice has reached 80 % of daily')
    expect(text).toContain('800.5 of 1000 credits')
    expect(text).toContain('2026-11-23 00:00 Asia/Shanghai')
    expect(text).toContain('https://tollgate.example')
  })

  test('stays within the limits in bytes, cut on whole characters', async () => {
    const robot = await started(starts[kind]())
    expect(await senders[kind].send(localChannel(kind, robot.url, { language: 'zh' }), long)).toEqual({ kind: 'sent' })
    const text = JSON.stringify(robot.taken)
    expect(text).toContain('…')
    expect(text).not.toMatch(/\uFFFD|\\ud[89a-f]/i)
  })

  test('lets nothing that people wrote mention anybody or become a link', async () => {
    const robot = await started(starts[kind]())
    expect(await senders[kind].send(localChannel(kind, robot.url), asked)).toEqual({ kind: 'sent' })
    const text = JSON.stringify(robot.taken)
    expect(text).toContain('200 credits more of daily')
    expect(text).not.toMatch(/<@|<!|<at|<b>|\u202e/)
    // In the others' text this is no markup.
    if (kind === 'wecom' || kind === 'dingtalk') expect(text).not.toMatch(/\]\(https:\/\/evil|@all/)
  })

  test('slows down when there were too many in a minute', async () => {
    const robot = await started(starts[kind]())
    const channel = localChannel(kind, robot.url)
    const ends: string[] = []
    for (let sent = 0; sent < 101 && !ends.includes('slower'); sent += 1)
      ends.push((await senders[kind].send(channel, message)).kind)
    expect(ends.at(-1)).toBe('slower')
    expect(robot.taken.length).toBe(ends.length - 1)
    expect(robot.taken.length).toBeGreaterThanOrEqual(senders[kind].perMinuteMax ?? 0)
    robot.nextMinute()
    expect(await senders[kind].send(channel, message)).toEqual({ kind: 'sent' })
  })

  test.each([
    ['a page of a proxy', { status: 200, text: '<html><body>Sign in to the network</body></html>' }],
    ['half an answer', 'half'],
    ['an endless answer', 'endless'],
    ['no answer', 'never'],
    ['an answer that never ends', 'drip'],
    ['a connection reset', 'reset'],
    ['no HTTP', 'not-http'],
    ['nothing', { status: 200 }],
    ['a gateway that is down', { status: 502, text: '<html>Bad Gateway</html>' }],
    ['an unknown code', { status: 200, text: '{"errcode":987654,"code":987654,"errmsg":"?","msg":"?"}' }],
  ] as const)('tries again after %s', async (_name, reply) => {
    const robot = await started(starts[kind]())
    robot.answerWith(reply)
    const sender = reply === 'never' || reply === 'drip' ? impatient[kind] : senders[kind]
    expect((await sender.send(localChannel(kind, robot.url), message)).kind).toBe('again')
  })

  test('is not led elsewhere', async () => {
    const robot = await started(starts[kind]())
    robot.answerWith({ status: 302, headers: { location: 'http://127.0.0.1:1/' } })
    expect((await senders[kind].send(localChannel(kind, robot.url), message)).kind).toBe('refused')
  })

  test('says when its target cannot be opened, and reaches no private address by itself', async () => {
    const closed = await senders[kind].send(localChannel(kind, 'env:TOLLGATE_CHANNEL_NONE'), message)
    expect(closed).toMatchObject({ kind: 'again', why: expect.stringContaining('target cannot be opened') })
    const robot = await started(starts[kind]())
    const inside = await senders[kind].send(localChannel(kind, robot.url, { isPrivateTarget: false }), message)
    expect(inside).toMatchObject({ kind: 'refused' })
    expect(robot.received).toEqual([])
  })
})

describe('what robots say', () => {
  test('WeCom: a wrong key is gone', async () => {
    const robot = await started(startWecom())
    const url = robot.url.replace(/key=.*/, 'key=removed')
    expect(await senders.wecom.send(localChannel('wecom', url), message)).toMatchObject({
      kind: 'gone',
      why: expect.stringContaining('93000: invalid webhook url'),
    })
  })

  test('DingTalk: a signature is taken, a wrong one, a missing keyword and a removed robot are told apart', async () => {
    const robot = await started(startDingtalk({ secret: 'SECabc', keyword: 'Tollgate' }))
    const send = (url: string, secret: string) =>
      senders.dingtalk.send(localChannel('dingtalk', url, { secret }), message)
    expect(await send(robot.url, 'SECabc')).toEqual({ kind: 'sent' })
    expect(await send(robot.url, 'SECwrong')).toMatchObject({
      kind: 'refused',
      why: expect.stringContaining('sign not match'),
    })
    expect(await send(robot.url.replace('token=5', 'token=6'), 'SECabc')).toMatchObject({ kind: 'gone' })
    const strict = await started(startDingtalk({ keyword: 'Other' }))
    expect(await send(strict.url, 'SECabc')).toMatchObject({
      kind: 'refused',
      why: expect.stringContaining('keywords'),
    })
  })

  test('Feishu: a signature is taken, a wrong one, a missing keyword, a foreign address and a removed bot are told apart', async () => {
    const robot = await started(startFeishu({ secret: 's3cret', keyword: 'Tollgate' }))
    const send = (url: string, secret: string) => senders.feishu.send(localChannel('feishu', url, { secret }), message)
    expect(await send(robot.url, 's3cret')).toEqual({ kind: 'sent' })
    expect(await send(robot.url, 'other')).toMatchObject({ kind: 'refused', why: expect.stringContaining('19021') })
    expect(await send(`${robot.url}x`, 's3cret')).toMatchObject({ kind: 'gone' })
    const strict = await started(startFeishu({ keyword: 'Other' }))
    expect(await send(strict.url, 's3cret')).toMatchObject({ kind: 'refused', why: expect.stringContaining('19024') })
    const foreign = await started(startFeishu({ isForeign: true }))
    expect(await send(foreign.url, 's3cret')).toMatchObject({ kind: 'refused', why: expect.stringContaining('19022') })
  })

  test('Slack: a removed webhook and an archived channel are gone, and it says how long to wait', async () => {
    const robot = await started(startSlack())
    const send = (url: string) => senders.slack.send(localChannel('slack', url), message)
    expect(await send(`${robot.url}X`)).toMatchObject({ kind: 'gone', why: 'Slack answered 404: no_service' })
    robot.answerWith({ status: 410, text: 'channel_is_archived' })
    expect((await send(robot.url)).kind).toBe('gone')
    robot.answerWith({ status: 429, headers: { 'retry-after': '30' }, text: 'rate_limited' })
    expect(await send(robot.url)).toMatchObject({ kind: 'slower', retryAfterMs: 30_000 })
    robot.answerWith({ status: 403, text: 'action_prohibited' })
    expect((await send(robot.url)).kind).toBe('refused')
    robot.answerWith({ status: 500, text: 'rollup_error' })
    expect((await send(robot.url)).kind).toBe('again')
  })
})
