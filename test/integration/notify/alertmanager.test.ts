import { afterEach, describe, expect, test } from 'vitest'
import { composeMessage } from '../../../src/alerts/compose-message.ts'
import { createSenders } from '../../../src/notify/create-senders.ts'
import { createSecretBox } from '../../../src/notify/secret-box.ts'
import { levelEvent, localChannel } from '../../support/receivers/alert-events.ts'
import { type LocalAlertmanager, startAlertmanager } from '../../support/receivers/alertmanager.ts'

const secretBox = createSecretBox({ key: new Uint8Array(32), environment: {}, prefix: 'TOLLGATE_CHANNEL_' })
const nowMs = Date.UTC(2026, 10, 22, 10)
const senders = createSenders({ secretBox, nowMs: () => nowMs })
const servers: LocalAlertmanager[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

async function started(secret?: string): Promise<LocalAlertmanager> {
  const server = await startAlertmanager(secret === undefined ? {} : { secret })
  servers.push(server)
  return server
}

const audience = { language: 'en', publicUrl: 'https://tollgate.example' } as const
const at95 = levelEvent({ id: 'evt_2', level: 'critical', percent: 95 })
const raised = levelEvent({
  id: 'evt_3',
  type: 'recovered',
  level: 'info',
  data: { percents: '95' },
  atMs: nowMs - 1_000,
})

describe('the Alertmanager sender', () => {
  test('fires an alert that ends with its window, with bounded labels and the words beside them', async () => {
    const server = await started()
    const channel = localChannel('alertmanager', server.url)
    expect(await senders.alertmanager.send(channel, composeMessage([levelEvent()], audience))).toEqual({ kind: 'sent' })
    expect(server.alerts).toEqual([
      {
        labels: {
          alertname: 'TollgateLevel',
          severity: 'warning',
          level: 'warning',
          percent: '80',
          limit: 'daily',
          subject_kind: 'account',
          subject: 'alice',
          account: 'alice',
          project: 'vision',
          department: 'research',
        },
        annotations: {
          summary: 'alice has reached 80 % of daily: 800.5 of 1000 credits',
          description: expect.stringContaining('199.5 credits left'),
          event: 'evt_1',
        },
        startsAt: '2026-11-22T09:30:00.000Z',
        endsAt: '2026-11-22T16:00:00.000Z',
        generatorURL: 'https://tollgate.example/api/me/limits',
      },
    ])
  })

  test('resolves by the same labels the levels that a raise ended, and no other', async () => {
    const server = await started()
    const channel = localChannel('alertmanager', `${server.url}/`)
    for (const event of [levelEvent(), at95])
      await senders.alertmanager.send(channel, composeMessage([event], audience))
    expect(server.firing(nowMs)).toEqual(['TollgateLevel critical', 'TollgateLevel warning'])
    expect(await senders.alertmanager.send(channel, composeMessage([raised], audience))).toEqual({ kind: 'sent' })
    expect(server.firing(nowMs)).toEqual(['TollgateLevel warning'])
  })

  test('still fires what is told late, and posts each event of a digest', async () => {
    const server = await started()
    const channel = localChannel('alertmanager', `${server.url}/api/v2/alerts`)
    const { limit: _limit, ...plain } = levelEvent()
    const late = {
      ...plain,
      id: 'evt_9',
      type: 'token_expiring',
      aboutMs: nowMs - 3_600_000,
      data: { token: 't' },
    } as const
    expect(await senders.alertmanager.send(channel, composeMessage([levelEvent(), late], audience))).toEqual({
      kind: 'sent',
    })
    expect(server.firing(nowMs)).toEqual(['TollgateLevel warning', 'TollgateTokenExpiring warning'])
    expect(server.alerts.map(({ annotations }) => annotations['event'])).toEqual(['evt_1', 'evt_9'])
  })

  test('gives each event of a long digest its own words as far as there are any', async () => {
    const server = await started()
    const many = Array.from({ length: 25 }, (_, index) => levelEvent({ id: `evt_${index}`, percent: 10 + index }))
    const digest = composeMessage(many, audience)
    expect(await senders.alertmanager.send(localChannel('alertmanager', server.url), digest)).toEqual({ kind: 'sent' })
    const said = server.alerts.map(({ annotations }) => annotations['summary'])
    expect(said[19]).toMatch(/reached 29 %/)
    expect(new Set(said.slice(20))).toEqual(new Set([digest.title]))
  })

  test.each([
    ['tollgate:pass', `Basic ${Buffer.from('tollgate:pass').toString('base64')}`],
    ['token123', 'Bearer token123'],
  ])('shows its secret %s as %s', async (secret, header) => {
    const server = await started(header)
    const channel = localChannel('alertmanager', server.url)
    expect(await senders.alertmanager.send({ ...channel, secret }, composeMessage([at95], audience))).toEqual({
      kind: 'sent',
    })
    expect((await senders.alertmanager.send(channel, composeMessage([at95], audience))).kind).toBe('again')
  })

  test('is refused what Alertmanager cannot read', async () => {
    const server = await started()
    const message = composeMessage([levelEvent()], audience)
    const wrong = { ...message, events: [levelEvent({ atMs: Date.UTC(2030, 0, 1) })] }
    expect(await senders.alertmanager.send(localChannel('alertmanager', server.url), wrong)).toMatchObject({
      kind: 'refused',
    })
  })
})
