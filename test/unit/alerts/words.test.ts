import { describe, expect, test } from 'vitest'
import { composeMessage } from '../../../src/alerts/compose-message.ts'
import { type AlertEvent, alertTypes } from '../../../src/core/alert-event.ts'
import type { Outlook } from '../../../src/core/outlook.ts'
import type { InForce } from '../../../src/policy/quarantine.ts'
import { levelEvent } from '../../support/receivers/alert-events.ts'

const { limit, percent: _percent, ...plain } = levelEvent()
const aboutMs = Date.UTC(2026, 10, 24, 3, 15)
const asked = {
  request: 'r-1',
  askedBy: 'bob',
  limitName: 'gpu-hours',
  counts: 'credits',
  amount: '250.5',
  forKind: 'project',
  forId: 'orchard',
  timeZone: 'Asia/Shanghai',
}

interface Case {
  readonly event: AlertEvent
  /** What both languages must say. */
  readonly facts: readonly string[]
  readonly title?: { readonly en: string; readonly zh: string }
}

const inLimit = ['alice', 'daily', '800.5', '1000', '80 %', '199.5', '2026-11-23 00:00 Asia/Shanghai']
const about = '2026-11-24 11:15 Asia/Shanghai'
const token = { token: 'tok-1', hint: 'tg_…9f3a', timeZone: 'Asia/Shanghai' }

const cases: Readonly<Record<string, Case>> = {
  level: {
    event: levelEvent(),
    facts: inLimit,
    title: {
      en: 'alice has reached 80 % of daily: 800.5 of 1000 credits',
      zh: 'alice 的限额 daily 已用到 80 %：800.5 / 1000 点',
    },
  },
  'level exhausted': {
    event: levelEvent({ level: 'exhausted', percent: 100 }),
    facts: inLimit,
    title: { en: 'alice has used up daily: 800.5 of 1000 credits', zh: 'alice 的限额 daily 已用完：800.5 / 1000 点' },
  },
  'level of a refusal': {
    event: levelEvent({ level: 'exhausted', percent: 100, data: { refused: true, needs: 300 } }),
    facts: inLimit,
    title: {
      en: 'A request of alice no longer fits into daily: 800.5 of 1000 credits',
      zh: 'alice 的限额 daily 余量不足，已有请求被拒绝：800.5 / 1000 点',
    },
  },
  'level above all': { event: levelEvent({ level: 'exhausted', percent: 150 }), facts: ['150 %', ...inLimit] },
  recovered: { event: levelEvent({ type: 'recovered', level: 'info' }), facts: inLimit },
  forecast: {
    event: levelEvent({ type: 'forecast', data: { runsOutAtMs: Date.UTC(2026, 10, 22, 7, 40) } }),
    facts: [...inLimit, '2026-11-22 15:40 Asia/Shanghai'],
    title: {
      en: 'alice runs out of daily at 2026-11-22 15:40 Asia/Shanghai at this pace',
      zh: '按目前的速度，alice 的限额 daily 将于 2026-11-22 15:40 Asia/Shanghai 用完',
    },
  },
  token_expiring: {
    event: { ...plain, type: 'token_expiring', aboutMs, data: { ...token, hours: 24 } },
    facts: ['alice', 'tg_…9f3a', about, '401'],
  },
  token_networks: {
    event: { ...plain, type: 'token_networks', data: { ...token, networks: 14, hours: 1 } },
    facts: ['alice', 'tg_…9f3a', '14', '1'],
  },
  request_asked: {
    event: { ...plain, type: 'request_asked', aboutMs, data: { ...asked, reason: 'The release' } },
    facts: ['bob', '250.5', 'gpu-hours', 'orchard', about, 'The release'],
  },
  'request_decided approved': {
    event: {
      ...plain,
      type: 'request_decided',
      aboutMs,
      data: { ...asked, state: 'approved', decidedBy: 'carol', note: 'Go' },
    },
    facts: ['carol', '250.5', 'gpu-hours', 'orchard', about, 'Go'],
  },
  'request_decided declined': {
    event: {
      ...plain,
      type: 'request_decided',
      aboutMs,
      data: { ...asked, state: 'declined', decidedBy: 'carol', note: 'No' },
    },
    facts: ['carol', '250.5', 'gpu-hours', 'orchard', 'No'],
  },
  'request_decided expired': {
    event: { ...plain, type: 'request_decided', aboutMs, data: { ...asked, state: 'expired' } },
    facts: ['250.5', 'gpu-hours', 'orchard'],
  },
  grant_ending: {
    event: { ...plain, type: 'grant_ending', aboutMs, data: { ...asked, grant: 'g-7', kind: 'raise' } },
    facts: ['alice', 'g-7', '250.5', 'gpu-hours', about],
  },
  policy_quarantined: {
    event: {
      ...plain,
      type: 'policy_quarantined',
      data: { table: 'limit_rule', key: 'daily', why: 'amount must be positive' },
    },
    facts: ['limit_rule', 'daily', 'amount must be positive', 'tollgate policy check'],
  },
  ledger_lag: {
    event: { ...plain, type: 'ledger_lag', data: { seconds: 90 } },
    facts: ['90', 'PostgreSQL', 'tollgate doctor'],
  },
  channel_stopped: {
    event: { ...plain, type: 'channel_stopped', data: { channel: 'ops', why: 'The target answered 410' } },
    facts: ['ops', 'The target answered 410', 'tollgate channel resume ops'],
  },
  test: { event: { ...plain, type: 'test', data: { by: 'carol' } }, facts: ['Tollgate', 'carol'] },
}

describe('the words of alerts', () => {
  test('are tried for every type', () => {
    expect(new Set(Object.values(cases).map(({ event }) => event.type))).toEqual(new Set(alertTypes))
  })

  describe.each(Object.keys(cases))('of %s', (name) => {
    const { event, facts, title } = cases[name] ?? { event: levelEvent(), facts: [] }

    test.each(['en', 'zh'] as const)('say every fact in %s, in whole sentences', (language) => {
      const message = composeMessage([event], { language })
      const text = [message.title, ...message.paragraphs].join('\n')
      for (const fact of facts) expect(text).toContain(fact)
      if (title !== undefined) expect(message.title).toBe(title[language])
      expect(text).not.toMatch(/undefined|null|NaN|Invalid|\[object|[ ]{2}/)
      expect(message.title).not.toMatch(/[.。\n]$/)
      for (const paragraph of message.paragraphs)
        expect(paragraph).toMatch(language === 'en' ? /[.]$|^(?:Why|They say): / : /。$|^(?:理由|附言)：/)
      expect(/\p{Script=Han}/u.test(text)).toBe(language === 'zh')
    })

    test.each(['en', 'zh'] as const)('are sentences in %s too when the event says nothing but its type', (language) => {
      const { limit: _limit, data: _data, aboutMs: _about, ...bare } = event
      const message = composeMessage([bare], { language })
      const text = [message.title, ...message.paragraphs].join('\n')
      expect(message.title.length).toBeGreaterThan(5)
      expect(text).not.toMatch(/undefined|null|NaN|Invalid|\[object/)
    })
  })

  test('name whose limit it is', () => {
    const of = (kind: 'project' | 'department' | 'token' | 'everyone', id: string, language: 'en' | 'zh') =>
      composeMessage([levelEvent({ ...(limit && { limit: { ...limit, subject: { kind, id } } }) })], { language }).title
    expect(of('department', 'research', 'en')).toMatch(/^The department research has reached 80 %/)
    expect(of('project', 'vision', 'zh')).toMatch(/^项目 vision 的限额 daily 已用到 80 %/)
    expect(of('everyone', 'everyone', 'en')).toMatch(/^Everyone together has reached/)
    expect(of('everyone', 'everyone', 'zh')).toMatch(/^所有人合计的限额/)
  })

  test('say the units of what is counted', () => {
    const of = (counts: 'requests' | 'bytes' | 'gpu_ms', language: 'en' | 'zh') =>
      composeMessage([levelEvent({ ...(limit && { limit: { ...limit, counts, used: 1_500, amount: 2_000 } }) })], {
        language,
      }).title
    expect(of('requests', 'en')).toContain('1500 of 2000 requests')
    expect(of('bytes', 'zh')).toContain('1500 / 2000 字节')
    expect(of('gpu_ms', 'en')).toContain('1.5 of 2 GPU seconds')
    expect(of('gpu_ms', 'zh')).toContain('1.5 / 2 GPU 秒')
  })

  test('explain a limit that is used up though something is left', () => {
    const of = (used: number, language: 'en' | 'zh') =>
      composeMessage([levelEvent({ level: 'exhausted', percent: 100, ...(limit && { limit: { ...limit, used } }) })], {
        language,
      })
    expect(of(990_000, 'en').paragraphs).toContain('That was not enough for a request, which was refused.')
    expect(of(990_000, 'zh').paragraphs).toContain('剩余部分不够一个请求使用，该请求已被拒绝。')
    expect(of(1_000_000, 'en').paragraphs).toHaveLength(of(990_000, 'en').paragraphs.length - 1)
    expect(of(1_000_000, 'zh').paragraphs).toHaveLength(of(990_000, 'zh').paragraphs.length - 1)
  })

  test.each(['level', 'forecast'] as const)('of a %s say how to ask for more by oneself', (type) => {
    const of = (language: 'en' | 'zh', subject = limit?.subject) =>
      composeMessage([levelEvent({ type, ...(limit && subject && { limit: { ...limit, subject } }) })], {
        language,
        publicUrl: 'https://gate.example',
      }).paragraphs.join(' ')
    for (const language of ['en', 'zh'] as const) {
      expect(of(language)).toContain('POST https://gate.example/api/requests')
      expect(of(language)).toContain('limit "daily"')
      expect(of(language)).toContain('tollgate request ask')
      expect(of(language, { kind: 'everyone', id: 'everyone' })).not.toContain('/api/requests')
    }
  })

  test.each([
    ['en', ['Now 800.5 of 1000 credits are used (80 %), 199.5 credits left.', 'You may approve 12 credits at most']],
    ['zh', ['目前已用 800.5 / 1000 点（80 %），剩余 199.5 点。', '您最多可批准 12 点']],
  ] as const)(
    'say in %s what a decision rests on before the link, and nothing of what nobody knows',
    (language, said) => {
      const event = { ...plain, type: 'request_asked', aboutMs, data: asked } as const
      const of = (outlook?: Outlook) =>
        composeMessage([event], { language, decisionLink: { url: 'u', untilMs: aboutMs, ...(outlook && { outlook }) } })
          .paragraphs
      const standing = { amount: 1_000_000, used: 800_500 }
      const [link = '', most = '', now = ''] = of({ counts: 'credits', standing, most: 12_000 }).toReversed()
      expect(link).toContain('u')
      expect(now).toBe(said[0])
      expect(most).toContain(said[1])
      expect(of({ counts: 'credits' })).toEqual(of())
      expect(of({ counts: 'credits', most: 0 }).at(-2)).toMatch(/only an administrator|须由管理员/)
    },
  )

  test.each([
    ['250.500', '250.5'],
    ['250.000', '250'],
    ['1000', '1000'],
    ['0.001', '0.001'],
    ['10.', '10'],
    ['about ten', 'about ten'],
  ])('write the amount %s as %s', (amount, shown) => {
    const event = { ...plain, type: 'request_asked', data: { ...asked, amount } } as const
    expect(composeMessage([event], { language: 'en' }).title).toBe(`bob asks for ${shown} credits more of gpu-hours`)
  })

  test.each([
    [{ amount: '1.000', counts: 'credits' }, '1 credit more', '1 点'],
    [{ amount: '2', counts: 'requests' }, '2 requests more', '2 次请求'],
    [{ amount: '1000', counts: 'gpu_ms' }, '1 GPU second more', '1 GPU 秒'],
    [{ amount: '2500', counts: 'gpu_ms' }, '2.5 GPU seconds more', '2.5 GPU 秒'],
  ])('write %j in the unit that people know', (more, en, zh) => {
    const event = { ...plain, type: 'request_asked', data: { ...asked, ...more } } as const
    expect(composeMessage([event], { language: 'en' }).title).toBe(`bob asks for ${en} of gpu-hours`)
    expect(composeMessage([event], { language: 'zh' }).title).toContain(zh)
  })

  test('name the limit of a request in the body too', () => {
    const event = { ...plain, type: 'request_asked', data: asked } as const
    expect(composeMessage([event], { language: 'en' }).body).toMatchObject({ limit: 'gpu-hours', total_quota: null })
  })

  test.each<[InForce, RegExp, RegExp]>([
    ['last good version', /last valid version/, /上一个有效的版本/],
    ['stricter of old and new', /stricter/, /较严格/],
    ['denies', /refuses every/, /拒绝/],
    ['nothing', /counts for nothing/, /不起作用/],
    ['rows before it was emptied', /rows that it had/, /原有的行/],
  ])('say that of a row that is held back there is in force: %s', (inForce, en, zh) => {
    const of = (language: 'en' | 'zh') =>
      composeMessage([{ ...plain, type: 'policy_quarantined', data: { table: 't', key: '*', why: 'w', inForce } }], {
        language,
      })
    expect(of('en').paragraphs[0]).toBe('It is the whole table: w.')
    expect(of('en').paragraphs[1]).toMatch(en)
    expect(of('zh').paragraphs[1]).toMatch(zh)
  })

  test('name whom to ask when that is set, and the setting says more than nothing', () => {
    const of = (language: 'en' | 'zh', askAt: string) =>
      composeMessage([levelEvent()], { language, askAt }).paragraphs.join(' ')
    expect(of('en', '#ask-quota on chat')).toContain('ask #ask-quota on chat for more')
    expect(of('zh', '#ask-quota')).toContain('向 #ask-quota 申请')
    expect(of('zh', 'your administrator')).toContain('向项目负责人或管理员申请')
  })
})
