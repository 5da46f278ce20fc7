import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCli } from '../../../src/cli/run-cli.ts'
import { createChannelTools } from '../../../src/compose/channel-tools.ts'
import { readSettings } from '../../../src/settings.ts'
import { type AlertWorld, createAlertWorld } from '../../support/alert-world.ts'
import { recordedContext } from '../../support/cli-context.ts'
import { startWebhookReceiver } from '../../support/receivers/webhook.ts'

let world: AlertWorld

beforeAll(async () => {
  world = await createAlertWorld()
})

afterAll(() => world[Symbol.asyncDispose]())

async function run(words: readonly string[], line = '') {
  const tools = createChannelTools({
    settings: readSettings({ TOLLGATE_KEY: '00'.repeat(32), TOLLGATE_MAIL_DOMAINS: 'example.org' }),
    pool: world.pool,
  })
  const context = recordedContext({ channels: async () => tools, readLine: async () => line })
  const exitCode = await runCli(words, context)
  return { exitCode, out: context.out(), errors: context.errors() }
}

test('the channel and alert commands set, list, test, resume, resend and remove', async () => {
  const receiver = await startWebhookReceiver()
  const set = ['channel', 'set', 'ops', '--kind', 'webhook', '--private-target', '--secret', receiver.secret]
  const made = await run([...set, '--target', '-', '--types', 'level,test'], `${receiver.url}\n`)
  expect(made).toMatchObject({ exitCode: 0, errors: '' })
  expect(made.out).toMatch(/^channel +ops$/m)
  expect(made.out).toMatch(/^for +everything$/m)
  expect(made.out).not.toContain(receiver.secret)
  expect((await run(['channel', 'list'])).out).toMatch(/^ops +webhook +everything +127\.0\.0\.1:\d+ +on +/m)

  const silent = await run(['channel', 'test', 'ops', '--wait', '1'])
  expect(silent).toMatchObject({ exitCode: 1 })
  expect(silent.out).toMatch(/nobody has taken it up: is a process with the role alerts running\?/)
  await using _ = await world.deliver()
  expect(await run(['alert', 'test', 'ops'])).toMatchObject({
    exitCode: 0,
    out: expect.stringMatching(/^ops took the message evt_/),
  })

  receiver.answerWith({ status: 410 })
  const gone = await run(['channel', 'test', 'ops', '--output', 'json'])
  expect(gone.exitCode).toBe(1)
  expect(JSON.parse(gone.out)).toMatchObject({ delivery: { channel: 'ops', state: 'failed' } })
  expect(await run(['channel', 'test', 'ops'])).toMatchObject({
    exitCode: 1,
    errors: expect.stringMatching(/stopped .*: resume it first/),
  })
  receiver.answerWith({ status: 204 })
  expect((await run(['channel', 'resume', 'ops'])).out).toMatch(/^state +on$/m)

  const failed = JSON.parse((await run(['alert', 'deliveries', '--state', 'failed', '--output', 'json'])).out)
  expect(failed.deliveries).toHaveLength(1)
  const [{ id, event }] = failed.deliveries
  expect((await run(['alert', 'resend', id])).out).toBe(`Delivery ${Number(id) + 1} tells ops of ${event.id} again\n`)
  await world.deliveriesWhere(`event = '${event.id}' AND state = 'sent'`, 1)
  expect((await run(['alert', 'resend', id])).errors).toMatch(/another delivery took its place already/)
  expect((await run(['alert', 'list', '--count', '1'])).out).toMatch(/\nMore: --after evt_[0-9a-f]{32}\n$/)

  expect((await run(['channel', 'remove', 'ops'])).out).toBe('ops is removed\n')
  expect(await run(['channel', 'remove', 'ops'])).toMatchObject({
    exitCode: 1,
    errors: 'tollgate: There is no channel ops.\n',
  })
  await receiver.close()
})

test('a webhook without a secret gets one, shown once, and another when it is rotated', async () => {
  const set = ['channel', 'set', '--account', 'alice', '--kind', 'webhook', '--target', 'https://hooks.example.org/x']
  const made = JSON.parse((await run([...set, '--output', 'json'])).out)
  expect(made).toMatchObject({ for: { kind: 'account', id: 'alice' }, secret: expect.stringMatching(/^whsec_/) })
  const rotated = JSON.parse((await run(['channel', 'set', made.id, '--rotate-secret', '--output', 'json'])).out)
  expect(rotated.secret).not.toBe(made.secret)
  const left = JSON.parse((await run(['channel', 'set', made.id, '--language', 'zh', '--output', 'json'])).out)
  expect(left).toMatchObject({ language: 'zh', has_secret: true })
  expect(left.secret).toBeUndefined()
})

test.each([
  [['channel', 'set', '--kind', 'pigeon', '--target', 'https://example.org/'], /Allowed choices are webhook/, 2],
  [['channel', 'set', '--kind', 'webhook'], /A new channel needs kind and target/, 1],
  [
    ['channel', 'set', 'UPPER', '--kind', 'webhook', '--target', 'https://example.org/'],
    /id must be 1 to 64 of a-z/,
    1,
  ],
  [['channel', 'set', '--account', 'a', '--project', 'b'], /cannot be used with option/, 2],
  [
    ['channel', 'set', '--account', 'nobody', '--kind', 'webhook', '--target', 'https://example.org/'],
    /There is no account nobody/,
    1,
  ],
  [['channel', 'set', '--types', 'level,lunch'], /must be all, or some of level/, 2],
  [['channel', 'test', 'no-such'], /There is no channel no-such/, 1],
  [['alert', 'resend', 'x'], /There is no delivery x/, 1],
  [['alert', 'deliveries', '--after', 'x'], /after must be the next of a page/, 1],
] as const)('%j says what is wrong', async (words, errors, exitCode) => {
  expect(await run(words)).toMatchObject({ exitCode, errors: expect.stringMatching(errors) })
})
