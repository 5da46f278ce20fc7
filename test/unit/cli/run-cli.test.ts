import { describe, expect, test } from 'vitest'
import type { Explanation, LimitStanding, RequestWish } from '../../../src/cli/ports.ts'
import { runCli } from '../../../src/cli/run-cli.ts'
import { Fault } from '../../../src/core/fault.ts'
import { recordedContext } from '../../support/cli-context.ts'

describe('runCli() answers a wrong command line with one sentence and exit code 2', () => {
  test.each([
    [['token', 'issue'], "tollgate: Required option '--account <id>' not specified. See tollgate --help.\n"],
    [['tokens'], "tollgate: Unknown command 'tokens' (Did you mean token?). See tollgate --help.\n"],
    [['serve', '--port', '3'], "tollgate: Unknown option '--port'. See tollgate --help.\n"],
    [
      ['token', 'issue', '--account', 'alice', '--lifetime', '3 days'],
      "tollgate: Option '--lifetime <time>' argument '3 days' is invalid. Write a whole number and s, m, h or d, such as 12h. See tollgate --help.\n",
    ],
    [
      ['token', 'list', '--output', 'xml'],
      "tollgate: Option '--output <form>' argument 'xml' is invalid. Allowed choices are table, json. See tollgate --help.\n",
    ],
  ])('%j', async (words, sentence) => {
    const context = recordedContext()
    expect(await runCli(words, context)).toBe(2)
    expect(context.errors()).toBe(sentence)
    expect(context.out()).toBe('')
    expect(context.isClosed()).toBe(true)
  })
})

test('runCli() prints help and version on the standard output, and help as an error when there is no command', async () => {
  const helped = recordedContext()
  expect(await runCli(['--help'], helped)).toBe(0)
  for (const name of ['serve', 'migrate', 'explain', 'seed', 'token', 'policy', 'quota'])
    expect(helped.out()).toContain(name)
  const versioned = recordedContext()
  expect(await runCli(['--version'], versioned)).toBe(0)
  expect(versioned.out()).toBe('0.1.0\n')
  const bare = recordedContext()
  expect(await runCli([], bare)).toBe(2)
  expect(bare.errors()).toContain('Usage: tollgate')
})

test('runCli() says a fault in one sentence: exit code 2 for settings, 1 otherwise, never a stack', async () => {
  const failing = (fault: unknown) => recordedContext({ migrate: () => Promise.reject(fault) })
  const settings = failing(new Fault('settings_invalid', 'Settings are not valid:\n  REDIS_URL must be an address'))
  expect(await runCli(['migrate'], settings)).toBe(2)
  expect(settings.errors()).toBe('tollgate: Settings are not valid:\n  REDIS_URL must be an address.\n')
  const away = failing(
    new Fault('policy_unavailable', 'PostgreSQL does not answer', { cause: new Error('ECONNREFUSED') }),
  )
  expect(await runCli(['migrate'], away)).toBe(1)
  expect(away.errors()).toBe('tollgate: PostgreSQL does not answer.\n')
  const defect = failing(new TypeError('x is not a function'))
  expect(await runCli(['migrate'], defect)).toBe(1)
  expect(defect.errors()).toBe('tollgate: Something went wrong inside: x is not a function.\n')
})

test('migrate says what it applied', async () => {
  const context = recordedContext({
    migrate: async () => ({ applied: ['0001_a.sql', '0002_b.sql'], alreadyThere: [] }),
  })
  expect(await runCli(['migrate'], context)).toBe(0)
  expect(context.out()).toBe('applied 0001_a.sql\napplied 0002_b.sql\n')
  const again = recordedContext({ migrate: async () => ({ applied: [], alreadyThere: ['0001_a.sql'] }) })
  await runCli(['migrate', '--output', 'json'], again)
  expect(JSON.parse(again.out())).toEqual({ applied: [], already_there: ['0001_a.sql'] })
})

test('policy check exits with 1 and says each row in full when a row is not in force', async () => {
  const reason = `amount must be above 0 ${'and so on '.repeat(12)}`.trim()
  const problems = [{ table: 'limit_rule', key: 'alice-daily', reason, inForce: 'last good version' }]
  const context = recordedContext({ policyCheck: async () => ({ version: 9, problems }) })
  expect(await runCli(['policy', 'check'], context)).toBe(1)
  expect(context.out()).toBe(
    `TABLE       KEY          IN FORCE           REASON\nlimit_rule  alice-daily  last good version  ${reason}\n`,
  )
  const good = recordedContext({ policyCheck: async () => ({ version: 9, problems: [] }) })
  expect(await runCli(['policy', 'check'], good)).toBe(0)
  expect(good.out()).toBe('version 9: every row is in force\n')
})

test('policy show prints each part of the policy as a table', async () => {
  const limits = [{ name: 'daily', id: 'free-daily', allows: '100 credits a day', shadow: false }]
  const rows = { plan: 2, account: 3 }
  const listing = {
    ...{ history: 'h', version: 4, rows, limits },
    grants: [],
    alerts: [],
    prices: [],
    access: [],
    domains: [],
    descriptors: [],
    upstreams: [],
  }
  const context = recordedContext({ policyShow: async () => listing })
  expect(await runCli(['policy', 'show'], context)).toBe(0)
  expect(context.out()).toBe(
    [
      'version 4',
      'plan     2',
      'account  3',
      '',
      'limits',
      'NAME   ID          ALLOWS             SHADOW',
      'daily  free-daily  100 credits a day  no',
      '',
      'grants',
      'none',
      '',
      'alerts',
      'none',
      '',
      'prices',
      'none',
      '',
      'access',
      'none',
      '',
      'domains',
      'none',
      '',
      'descriptors',
      'none',
      '',
      'upstreams',
      'none',
      '',
    ].join('\n'),
  )
})

const daily: LimitStanding = {
  name: 'daily',
  per: 'account',
  subject: 'alice',
  kind: 'quota',
  counts: 'credits',
  used: 9_999_500,
  amount: 10_000_000,
  resetAtMs: Date.UTC(2026, 10, 22, 16),
  timeZone: 'Asia/Shanghai',
  enforced: true,
  fits: false,
  retryAfterMs: 3_600_001,
  rule: 'free-daily',
}
const burst: LimitStanding = {
  ...{
    name: 'burst',
    per: 'project',
    subject: 'vision',
    kind: 'rate',
    counts: 'requests',
    amount: 20,
    timeZone: 'UTC',
  },
  ...{ enforced: false, fits: true, rule: 'burst-1' },
}
const caller = { account: 'alice', project: 'vision', department: 'research', plan: 'free', token: 'alice-1' }

test('quota status shows credits, what is left and when it resets in the zone of the limit', async () => {
  const context = recordedContext({ quotaStatus: async () => ({ caller, limits: [daily, burst] }) })
  expect(await runCli(['quota', 'status', '--account', 'alice'], context)).toBe(0)
  expect(context.out()).toBe(
    [
      'LIMIT  OF              KIND   USED    AMOUNT  LEFT  COUNTS    RESETS                          ENFORCED  RULE',
      'daily  account alice   quota  9999.5  10000   0.5   credits   2026-11-23 00:00 Asia/Shanghai  yes       free-daily',
      'burst  project vision  rate   ?       20      ?     requests  refills                         no        burst-1',
      '',
    ].join('\n'),
  )
  const json = recordedContext({ quotaStatus: async () => ({ caller, limits: [daily, burst] }) })
  await runCli(['quota', 'status', '--account', 'alice', '--output', 'json'], json)
  expect(JSON.parse(json.out())).toMatchObject({
    account: 'alice',
    limits: [
      {
        name: 'daily',
        counts: 'credits',
        used: 9999.5,
        amount: 10000,
        remaining: 0.5,
        reset_at: '2026-11-22T16:00:00.000Z',
      },
      { name: 'burst', used: null, remaining: null, reset_at: null },
    ],
  })
})

const explanation: Explanation = {
  caller,
  ...{ upstream: 'mirror', kind: 'artifact', resource: 'torch', file: 'torch-2.0-py3-none-any.whl', price: 'by-size' },
  estimate: { requests: 1, credits: 31_000, bytes: 30_000_000, gpu_ms: 0 },
  access: { effect: 'allow' },
  ...{ limits: [daily], verdict: 'deny', reason: 'quota' },
}

test('explain shows caller, request, price, cost, limits and verdict', async () => {
  const context = recordedContext({ explain: async () => explanation })
  expect(await runCli(['explain', '--path', '/x'], context)).toBe(0)
  expect(context.out()).toBe(
    [
      'caller    account alice, project vision, department research, plan free',
      'token     alice-1',
      'upstream  mirror',
      'request   artifact torch torch-2.0-py3-none-any.whl',
      'price     by-size',
      'cost      1 request, 31 credits, 30000000 bytes',
      'access    allow',
      'verdict   deny (quota)',
      '',
      'LIMIT  OF             KIND   USED    AMOUNT  LEFT  COUNTS   RESETS                          ENFORCED  FITS       RULE',
      'daily  account alice  quota  9999.5  10000   0.5   credits  2026-11-23 00:00 Asia/Shanghai  yes       in 3601 s  free-daily',
      '',
    ].join('\n'),
  )
})

test('explain hands on the request as it was asked, the token from the standard input when asked so', async () => {
  const wishes: RequestWish[] = []
  const context = recordedContext({
    readLine: async () => 'tg_secret \n',
    async explain(wish) {
      wishes.push(wish)
      return { limits: [], verdict: 'deny', reason: 'no_token' }
    },
  })
  const words = [
    'explain',
    '--path',
    '/simple/',
    '--token',
    '-',
    '--method',
    'head',
    '--host',
    'pypi.test',
    '--output',
    'json',
  ]
  expect(await runCli(words, context)).toBe(0)
  expect(wishes).toEqual([
    { path: '/simple/', token: 'tg_secret', method: 'HEAD', host: 'pypi.test', address: '127.0.0.1' },
  ])
  expect(JSON.parse(context.out())).toEqual({
    limits: [],
    verdict: 'deny',
    reason: 'no_token',
    in_flight: null,
    estimate: null,
  })
  expect(context.out()).not.toContain('tg_secret')
})
