import { expect, test } from 'vitest'
import { decideByLink } from '../../../src/manage/decide-by-link.ts'
import { openDecisionLink } from '../../../src/manage/open-decision-link.ts'
import { requestMore } from '../../../src/manage/request-more.ts'
import { createPool } from '../../../src/postgres/pool.ts'
import { createPostgresRequests } from '../../../src/postgres/requests.ts'
import { startPlane } from '../../rpc/support/plane.ts'
import { type MailServer, startMail } from '../../support/receivers/mail.ts'
import { startWebhookReceiver } from '../../support/receivers/webhook.ts'
import { wish } from '../../support/request-office.ts'

const policy = `
  INSERT INTO tollgate.account (id, project, plan, role) VALUES ('lea', 'vision', 'free', 'lead'), ('ada', 'vision', 'free', 'admin');
  INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window") VALUES ('daily', 'daily', 'quota', 'credits', 100, 'day');
  INSERT INTO tollgate.limit_rule (id, name, kind, counts, per, amount, "window") VALUES ('budget', 'budget', 'quota', 'credits', 'project', 5000, 'month');
  INSERT INTO tollgate.alert_channel (id, kind, account, target) VALUES ('lea-mail', 'email', 'lea', 'lea@example.com'),
    ('alice-mail', 'email', 'alice', 'alice@example.com');
  INSERT INTO tollgate.alert_channel (id, kind, project, target) VALUES ('team-mail', 'email', 'vision', 'team@example.com')`

const linkIn = (text: string): string | undefined => /https:\/\/gate\.example\/api\/links\/([\w-]+)/.exec(text)?.[1]

async function mailTo(mail: MailServer, to: string): Promise<string> {
  await expect.poll(() => mail.received.some((one) => one.to.includes(to)), { timeout: 20_000 }).toBe(true)
  const { text = '', html = '' } = mail.received.find((one) => one.to.includes(to))?.mail ?? {}
  return `${text}\n${html}`
}

test("a link that decides is in the decider's own mail, and nowhere else", async () => {
  await using stack = new AsyncDisposableStack()
  const mail = await startMail({ disabledCommands: ['STARTTLS'] })
  stack.defer(() => mail.close())
  const hook = await startWebhookReceiver()
  stack.defer(() => hook.close())
  const plane = await startPlane({
    store: 'memory',
    settings: {
      TOLLGATE_MAIL_URL: `smtp://127.0.0.1:${mail.port}`,
      TOLLGATE_MAIL_FROM: 'gate@example.com',
      TOLLGATE_PUBLIC_URL: 'https://gate.example',
      TOLLGATE_CHANNEL_HOOK: hook.secret,
    },
  })
  stack.use(plane)
  await plane.policy(policy)
  await plane.policy(
    `INSERT INTO tollgate.alert_channel (id, kind, target, secret, private_target) VALUES ('all', 'webhook', $1, 'env:TOLLGATE_CHANNEL_HOOK', true)`,
    [hook.url],
  )
  const pool = createPool(plane.databaseUrl, () => undefined)
  stack.defer(() => pool.end())
  const requests = createPostgresRequests(pool)
  const budget = { remaining: async () => undefined, standing: async () => undefined }
  const tools = {
    requests,
    budget,
    randomBytes: (count: number) => crypto.getRandomValues(new Uint8Array(count)),
    nowMs: Date.now,
  }
  const asked = await requestMore(tools, wish({ reason: '<b>now</b> {{7*7}}' }))

  const toLea = await mailTo(mail, 'lea@example.com')
  expect(toLea).toContain('Now 0 of 100 credits are used (0 %), 100 credits left.')
  expect(toLea).toContain('You may approve 5000 credits at most')
  const secret = linkIn(toLea) ?? ''
  // Once as it is, in the text, and once escaped, in the HTML.
  expect(toLea.split('<b>now</b> {{7*7}}')).toHaveLength(2)
  expect(toLea).toContain('&lt;b&gt;now&lt;/b&gt; {{7*7}}')
  expect(await openDecisionLink(tools, { secret })).toMatchObject({ request: asked, decider: 'lea' })
  expect(linkIn(await mailTo(mail, 'team@example.com'))).toBeUndefined()
  expect(await mailTo(mail, 'team@example.com')).not.toMatch(/left|at most/)
  const [alert] = await hook.alertsOf(1)
  expect(JSON.stringify(alert)).not.toContain('/api/links/')
  expect(alert).toMatchObject({
    type: 'request_asked',
    url: expect.stringMatching(new RegExp(`/requests/${asked.id}$`)),
  })
  const tables = ['alert_event', 'alert_delivery', 'alert_channel_state', 'decision_link', 'policy_change']
  for (const table of tables) {
    expect(JSON.stringify(await plane.sql(`SELECT t::text FROM tollgate.${table} t`))).not.toContain(secret)
  }

  expect(await decideByLink(tools, { secret, decision: 'approve' })).toMatchObject({ decidedBy: 'lea' })
  expect(await mailTo(mail, 'alice@example.com')).toContain('lea')
  expect(mail.received.filter((one) => one.to.includes('alice@example.com'))).toHaveLength(1)
})
