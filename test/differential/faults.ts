import type { WireDescriptor, WireRequest } from './rate-limit-client.ts'

/** A fault of the reference, shown on the real one, and Tollgate's answer to the same. */
export interface FaultCase {
  readonly id: string
  /** As it stands in docs/guides/migrate-from-ratelimit.md, word for word. */
  readonly title: string
  readonly reason: string
  /** Domain → its YAML, without the line that names the domain. */
  readonly files: Readonly<Record<string, string>>
  readonly asks: readonly WireRequest[]
  /** What a refusal carries besides its statuses is shown too. */
  readonly showsRefusal?: true
  /** Asked while the Redis of either stands still, by a caller that does not wait long. */
  readonly isStoreSilent?: true
  /** What each ask is answered, as `shownOutcome` writes it; `ended`: its process is gone. */
  readonly theirs: readonly string[]
  /** The same of Tollgate, or what its import says. */
  readonly ours: readonly string[] | { readonly refusedFor: string }
}

const five = 'descriptors: [{ key: k, rate_limit: { unit: year, requests_per_unit: 5 } }]'

export const faultCases: readonly FaultCase[] = [
  {
    id: 'unknown-override-unit',
    title: 'An override with an unknown unit is left out, and the rules apply',
    reason: 'It ends the process of the reference.',
    files: { 'unknown-unit': five },
    asks: [one('unknown-unit', { limit: { requestsPerUnit: 3, unit: 99 } })],
    theirs: ['ended'],
    ours: ['OK 4'],
  },
  {
    id: 'override-without-unit',
    title: 'So is one without a unit',
    reason: 'It ends the process of the reference.',
    files: { 'no-unit': five },
    asks: [one('no-unit', { limit: { requestsPerUnit: 3, unit: 0 } })],
    theirs: ['ended'],
    ours: ['OK 4'],
  },
  {
    id: 'hits-near-2-to-64',
    title: 'Absurdly many hits are as many as can be counted',
    reason: 'Near 2^64 the reference takes them for less than nothing, and gives hits back.',
    files: { 'hits-64': five },
    asks: [hits('hits-64', '3'), hits('hits-64', '18446744073709551613'), hits('hits-64', '0')],
    theirs: ['OK 2', 'OK 5', 'OK 5'],
    ours: ['OK 2', 'OVER_LIMIT 0', 'OVER_LIMIT 0'],
  },
  {
    id: 'hits-near-2-to-63',
    title: 'They break no counter',
    reason:
      'Near 2^63 the reference fails every later call of the descriptor until the window ends, and Envoy lets those pass.',
    files: { 'hits-63': five },
    asks: [hits('hits-63', '9223372036854775807'), one('hits-63')],
    theirs: ['OVER_LIMIT 0', 'gRPC error 2'],
    ours: ['OVER_LIMIT 0', 'OVER_LIMIT 0'],
  },
  {
    id: 'joined-paths',
    title: 'Two paths never share a counter',
    reason: 'In the reference they do when they read the same joined with underscores.',
    files: {
      'joined-paths':
        'descriptors: [{ key: a, rate_limit: { unit: year, requests_per_unit: 2 }, descriptors: [{ key: c, rate_limit: { unit: year, requests_per_unit: 2 } }] }]',
    },
    asks: [
      path('joined-paths', [['a', 'b_c_d']]),
      path('joined-paths', [
        ['a', 'b'],
        ['c', 'd'],
      ]),
      path('joined-paths', [['a', 'b_c_d']]),
    ],
    theirs: ['OK 1', 'OK 0', 'OVER_LIMIT 0'],
    ours: ['OK 1', 'OK 1', 'OK 0'],
  },
  {
    id: 'joined-domains',
    title: 'Two domains never share a counter',
    reason: 'In the reference they do when domain and key read the same joined with an underscore.',
    files: {
      joined: 'descriptors: [{ key: domain_k, rate_limit: { unit: year, requests_per_unit: 2 } }]',
      joined_domain: 'descriptors: [{ key: k, rate_limit: { unit: year, requests_per_unit: 2 } }]',
    },
    asks: [path('joined', [['domain_k', 'v']]), path('joined_domain', [['k', 'v']])],
    theirs: ['OK 1', 'OK 0'],
    ours: ['OK 1', 'OK 1'],
  },
  {
    id: 'shared-override',
    title: 'An override has a counter of its own',
    reason: 'In the reference it shares the counter of the rule in whose place it stands.',
    files: { override: five },
    asks: [one('override', { limit: { requestsPerUnit: 100, unit: 6 } }), one('override')],
    theirs: ['OK 99', 'OK 3'],
    ours: ['OK 99', 'OK 4'],
  },
  {
    id: 'all-replaced',
    title: 'Limits that replace each other do not all vanish',
    reason: 'In the reference none is left, and nothing is limited.',
    files: {
      ring: `descriptors:
  - { key: x, rate_limit: { unit: year, requests_per_unit: 1, name: x, replaces: [{ name: y }] } }
  - { key: y, rate_limit: { unit: year, requests_per_unit: 1, name: y, replaces: [{ name: x }] } }`,
    },
    asks: [both(), both()],
    theirs: ['OK no limit, OK no limit', 'OK no limit, OK no limit'],
    ours: ['OK 0, OK no limit', 'OVER_LIMIT 0, OK no limit'],
  },
  {
    id: 'limit-at-the-wrong-level',
    title: 'A field at the wrong level of the file is an error',
    reason:
      'The reference knows one list of names for all levels, and reads over a name that means nothing where it stands.',
    files: { level: 'rate_limit: { unit: year, requests_per_unit: 1 }\ndescriptors: [{ key: k }]' },
    asks: [one('level'), one('level')],
    theirs: ['OK no limit', 'OK no limit'],
    ours: { refusedFor: 'rate_limit' },
  },
  {
    id: 'missing-requests-per-unit',
    title: 'A limit without `requests_per_unit` is an error',
    reason: 'The reference takes it for 0 and refuses everything.',
    files: { missing: 'descriptors: [{ key: k, rate_limit: { unit: year } }]' },
    asks: [one('missing')],
    theirs: ['OVER_LIMIT 0'],
    ours: { refusedFor: 'requests_per_unit' },
  },
  {
    id: 'star-inside',
    title: 'A `*` that is not at the end of a value must be meant',
    reason:
      'The reference takes it as it stands, so that the rule matches next to nothing; in Tollgate it stands for any text. With `--as-reference` it is an error.',
    files: { star: 'descriptors: [{ key: k, value: "x*y", rate_limit: { unit: year, requests_per_unit: 1 } }]' },
    asks: [path('star', [['k', 'x1y']]), path('star', [['k', 'x*y']])],
    theirs: ['OK no limit', 'OK 0'],
    ours: { refusedFor: '*' },
  },
  {
    id: 'pattern-as-text',
    title: 'A value that reads like a pattern is a value like any other',
    reason: 'In the reference it finds the pattern that reads the same, before those that stand above it in the file.',
    files: {
      text: `descriptors:
  - { key: k, value: "*", rate_limit: { unit: year, requests_per_unit: 5 } }
  - { key: k, value: "a*", rate_limit: { unit: year, requests_per_unit: 1 } }`,
    },
    asks: [path('text', [['k', 'a*']]), path('text', [['k', 'a1']])],
    theirs: ['OK 0', 'OK 4'],
    ours: ['OK 4', 'OK 4'],
  },
  {
    id: 'mode-without-limit',
    title: 'A mode without a limit is an error',
    reason: 'The reference reads over `shadow_mode` and its like where the descriptor has no `rate_limit` of its own.',
    files: {
      mode: 'descriptors: [{ key: k, shadow_mode: true, descriptors: [{ key: l, rate_limit: { unit: year, requests_per_unit: 0 } }] }]',
    },
    asks: [
      path('mode', [
        ['k', 'v'],
        ['l', 'w'],
      ]),
    ],
    theirs: ['OVER_LIMIT 0'],
    ours: { refusedFor: 'shadow_mode' },
  },
  {
    id: 'nothing-asked',
    title: 'A call without a domain or without descriptors is answered',
    reason: 'The reference answers it with a gRPC error.',
    files: { nothing: five },
    asks: [one(''), { domain: 'nothing', descriptors: [] }],
    theirs: ['gRPC error 2', 'gRPC error 2'],
    ours: ['OK no limit', 'OK'],
  },
  {
    id: 'negative-hits',
    title: 'Negative hits are given back',
    reason: 'The reference charges them as if they were positive.',
    files: { negative: five },
    asks: [
      hits('negative', '3'),
      one('negative', { hitsAddend: { value: '2' }, isNegativeHits: true }),
      hits('negative', '0'),
    ],
    theirs: ['OK 2', 'OK 0', 'OK 0'],
    ours: ['OK 2', 'OK 4', 'OK 4'],
  },
  {
    id: 'bounds',
    title: 'A call that is too large is refused',
    reason:
      'More than 100 descriptors, 20 entries to one or 65,536 characters to a key or a value are OVER_LIMIT without statuses, because to match nothing and pass would be the way around every limit. The reference takes whatever comes.',
    files: { bounds: five },
    asks: [
      {
        domain: 'bounds',
        descriptors: Array.from({ length: 101 }, (_, nth) => ({ entries: [{ key: 'k', value: `${nth}` }] })),
      },
      path(
        'bounds',
        Array.from({ length: 21 }, () => ['k', 'v'] as const),
      ),
      path('bounds', [['k', 'x'.repeat(65_537)]]),
    ],
    theirs: ['101 times OK 4', 'OK no limit', 'OK 4'],
    ours: ['OVER_LIMIT', 'OVER_LIMIT', 'OVER_LIMIT'],
  },
  {
    id: 'rid',
    title: 'A `rid` that is no ticket of Tollgate is refused',
    reason:
      'The key names whose call it is, by a ticket that Check signed, so that any other text under it is like a wrong credential. To the reference it is a key like any other.',
    files: { rid: five },
    asks: [one('rid'), path('rid', [['rid', 'restaurant-7']])],
    theirs: ['OK 4', 'OK no limit'],
    ours: ['OK 4', 'OVER_LIMIT no limit'],
  },
  {
    id: 'refusal-explained',
    title: 'A refusal says why, and how long to wait where that helps',
    reason:
      'It has a body of `application/problem+json`, `cache-control` and, where the wait is short, `retry-after`, whatever `headers` of the domain says. The reference has no body, and headers only where it is set to.',
    files: { refusal: 'descriptors: [{ key: k, rate_limit: { unit: year, requests_per_unit: 0 } }]' },
    asks: [one('refusal')],
    showsRefusal: true,
    theirs: ['OVER_LIMIT 0, headers: none, no body'],
    ours: ['OVER_LIMIT 0, headers: cache-control content-type, a body'],
  },
  {
    id: 'store-silent',
    title: 'A decision that would come too late is answered in time',
    reason:
      'By the `posture` of the limits, which is to let pass unless you say otherwise, and so is one where counters cannot be asked. The reference has a gRPC error or no answer, so that `failure_mode_deny` decides.',
    files: { silent: five },
    asks: [one('silent')],
    isStoreSilent: true,
    theirs: ['gRPC error 4'],
    ours: ['OK no limit'],
  },
]

function path(domain: string, entries: readonly (readonly [string, string])[]): WireRequest {
  return { domain, descriptors: [{ entries: entries.map(([key, value]) => ({ key, value })) }] }
}

function one(domain: string, more: Partial<WireDescriptor> = {}): WireRequest {
  return { domain, descriptors: [{ entries: [{ key: 'k', value: 'v' }], ...more }] }
}

function hits(domain: string, value: string): WireRequest {
  return one(domain, { hitsAddend: { value } })
}

function both(): WireRequest {
  const [x, y] = ['x', 'y'].map((key) => ({ entries: [{ key, value: '1' }] }))
  return { domain: 'ring', descriptors: x && y ? [x, y] : [] }
}
