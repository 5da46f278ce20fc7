import { describe, expect, test } from 'vitest'
import { composeMessage } from '../../../src/alerts/compose-message.ts'
import { levelEvent } from '../../support/receivers/alert-events.ts'

const publicUrl = 'https://tollgate.example'
const en = { language: 'en' } as const
const { limit } = levelEvent()
const many = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    levelEvent({
      id: `evt_${index}`,
      atMs: Date.UTC(2026, 10, 22, 9, 0, index),
      account: `person-${index}`,
      ...(limit && { limit: { ...limit, subject: { kind: 'account', id: `person-${index}` } } }),
    }),
  )

describe('composeMessage()', () => {
  test('writes times in the channel’s zone, else the limit’s, else the person’s, else UTC', () => {
    const when = (event: ReturnType<typeof levelEvent>, timeZone?: string) =>
      composeMessage([event], { ...en, ...(timeZone && { timeZone }) }).paragraphs.join(' ')
    expect(when(levelEvent(), 'America/New_York')).toContain('2026-11-22 11:00 America/New_York')
    expect(when(levelEvent())).toContain('2026-11-23 00:00 Asia/Shanghai')
    const { limit: _limit, ...bare } = levelEvent({ type: 'grant_ending', aboutMs: Date.UTC(2026, 10, 22, 16) })
    const titled = (data: { timeZone?: string }) => composeMessage([{ ...bare, data }], en).title
    expect(titled({ timeZone: 'Europe/Berlin' })).toContain('2026-11-22 17:00 Europe/Berlin')
    expect(titled({})).toContain('2026-11-22 16:00 UTC')
    expect(titled({ timeZone: 'Nowhere/Land' })).toContain('2026-11-22 16:00 UTC')
  })

  test('keeps the hour right across a change of clocks', () => {
    const endMs = Date.UTC(2026, 9, 25, 1, 30)
    const event = levelEvent({ ...(limit && { limit: { ...limit, timeZone: 'Europe/Berlin', endMs } }) })
    expect(composeMessage([event], en).paragraphs.join(' ')).toContain('2026-10-25 02:30 Europe/Berlin')
  })

  test('links to the request, else to one’s own limits; to nothing where there is no address, or it is nobody’s', () => {
    const asked = levelEvent({ type: 'request_asked', data: { request: 'r 1/2' } })
    expect(composeMessage([asked], { ...en, publicUrl }).url).toBe(`${publicUrl}/requests/r%201%2F2`)
    expect(composeMessage([levelEvent()], { ...en, publicUrl }).url).toBe(`${publicUrl}/api/me/limits`)
    expect(composeMessage(many(2), { ...en, publicUrl }).url).toBe(`${publicUrl}/api/me/limits`)
    expect(composeMessage([asked, levelEvent()], { ...en, publicUrl })).not.toHaveProperty('url')
    expect(composeMessage([levelEvent()], en)).not.toHaveProperty('url')
    expect(composeMessage([levelEvent()], en).body).toMatchObject({ url: null })
    const { limit: _limit, account: _account, project: _project, department: _department, ...bare } = levelEvent()
    expect(composeMessage([{ ...bare, type: 'ledger_lag' }], { ...en, publicUrl })).not.toHaveProperty('url')
  })

  test('has the same keys in every body, null where there is nothing', () => {
    const {
      limit: _limit,
      percent: _percent,
      account: _account,
      project: _project,
      department: _department,
      ...bare
    } = levelEvent()
    const keys = Object.keys(composeMessage([levelEvent()], en).body)
    const body = composeMessage([{ ...bare, type: 'ledger_lag', data: { seconds: 9 } }], en).body
    expect(Object.keys(body)).toEqual(keys)
    expect(Object.keys(composeMessage(many(2), en).body)).toEqual(keys)
    expect(body).toMatchObject({
      user: null,
      used_tokens: null,
      total_quota: null,
      percent: null,
      reset_at: null,
      data: { seconds: 9 },
    })
  })

  test('counts in whole units, rounded up as the status is', () => {
    const of = (counts: 'credits' | 'bytes' | 'gpu_ms', used: number, amount: number) =>
      composeMessage([levelEvent({ ...(limit && { limit: { ...limit, counts, used, amount } }) })], en).body
    expect(of('credits', 1, 1_500)).toMatchObject({ used_tokens: 1, total_quota: 2 })
    expect(of('bytes', 1_234, 5_678)).toMatchObject({ used_tokens: 1_234, total_quota: 5_678 })
    expect(of('gpu_ms', 1_001, 3_000)).toMatchObject({ used_tokens: 2, total_quota: 3 })
  })

  test('says the level that was reached, else how full the limit is, rounded down', () => {
    const { percent: _percent, ...unsaid } = levelEvent({
      type: 'recovered',
      ...(limit && { limit: { ...limit, used: 799_999 } }),
    })
    expect(composeMessage([levelEvent()], en).body).toMatchObject({ percent: 80 })
    expect(composeMessage([unsaid], en).body).toMatchObject({ percent: 79 })
  })

  test('makes one digest of several, a line each, at most 20 and the number of the rest, and all of them in the body', () => {
    const digest = composeMessage(many(25), { ...en, publicUrl })
    expect(digest.title).toBe('25 alerts: person-0 has reached 80 % of daily: 800.5 of 1000 credits, and more')
    expect(digest.paragraphs).toHaveLength(21)
    expect(digest.paragraphs[20]).toBe('… and 5 more.')
    expect(composeMessage(many(20), en).paragraphs).toHaveLength(20)
    expect(composeMessage(many(21), en).paragraphs[20]).toMatch(/^person-20 has reached/)
    expect(composeMessage(many(22), en).paragraphs[20]).toBe('… and 2 more.')
    expect(digest.id).toBe('evt_0')
    expect(digest.body).toMatchObject({
      type: 'digest',
      id: 'evt_0',
      user: null,
      project: 'vision',
      limit: 'daily',
      level: 'warning',
    })
    expect((digest.body['data'] as { events: readonly unknown[] }).events).toHaveLength(25)
    expect(digest.events).toHaveLength(25)
    const zh = composeMessage(many(25), { language: 'zh' })
    expect(zh.title).toMatch(/^25 条提醒：/)
    expect(zh.paragraphs[20]).toBe('……另有 5 条。')
  })

  test('names the gravest level of a digest', () => {
    const [first, second] = many(2)
    if (first === undefined || second === undefined) throw new Error('two')
    expect(composeMessage([{ ...first, level: 'exhausted' }, second], en).body).toMatchObject({ level: 'exhausted' })
  })

  test('threads what is about one limit in one window, one request, one token', () => {
    const thread = (...changed: Parameters<typeof levelEvent>) => composeMessage([levelEvent(...changed)], en).thread
    expect(thread({ id: 'a', percent: 95 })).toBe(thread({ id: 'b', type: 'recovered' }))
    expect(thread()).not.toBe(thread({ ...(limit && { limit: { ...limit, startMs: 0 } }) }))
    const { limit: _limit, ...bare } = levelEvent()
    const of = (id: string, type: 'request_asked' | 'request_decided', request: string) =>
      composeMessage([{ ...bare, id, type, data: { request } }], en).thread
    expect(of('a', 'request_asked', 'r-1')).toBe(of('b', 'request_decided', 'r-1'))
    expect(of('a', 'request_asked', 'r-1')).not.toBe(of('a', 'request_asked', 'r-2'))
    const same = composeMessage([levelEvent({ id: 'a' }), levelEvent({ id: 'b' })], en)
    expect(same.thread).toBe(thread())
    expect(composeMessage(many(2), en).thread).toBe('digest/evt_0')
  })

  test('is one line of at most 200 characters in its title, whatever people wrote', () => {
    const event = levelEvent({
      type: 'request_asked',
      data: { askedBy: `${'😀'.repeat(400)}\r\nBcc: x\u0000`, amount: '1' },
    })
    const { title } = composeMessage([event], en)
    expect([...title]).toHaveLength(200)
    expect(title).toMatch(/😀…$/)
    const reason = composeMessage(
      [levelEvent({ type: 'request_asked', data: { reason: 'a\r\nb\u2028c' } })],
      en,
    ).paragraphs
    expect(reason).toContain('Why: a b c')
  })

  test('needs an event', () => {
    expect(() => composeMessage([], en)).toThrow(TypeError)
  })
})
