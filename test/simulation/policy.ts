import { createHash } from 'node:crypto'
import type { PolicySource } from '../../src/check/ports.ts'
import type { LimitRule } from '../../src/core/limit.ts'
import type { PriceRule } from '../../src/core/price.ts'
import type { Account, Department, Project, Token } from '../../src/core/principal.ts'
import { resolveLimits } from '../../src/core/resolve-limits.ts'
import type { Snapshot } from '../../src/core/snapshot.ts'
import { makeTokenText } from '../../src/core/token-text.ts'
import type { Upstream } from '../../src/core/upstream.ts'
import type { Random } from './random.ts'

export interface Person {
  readonly account: string
  readonly secret: string
  readonly address: string
}

const partitions = [3, 9] as const
const tokens = new Map<string, { readonly secret: string; readonly digest: string }>()

/** A policy that one seed draws and changes while it runs: departments in two partitions, accounts that move, limits that come and go. */
export class SimPolicy implements PolicySource {
  readonly people: readonly Person[]
  readonly #random: Random
  readonly #tokens = new Map<string, Token>()
  readonly #accounts = new Map<string, Account>()
  readonly #projects = new Map<string, Project>()
  readonly #departments = new Map<string, Department>()
  readonly #price: PriceRule
  #limits: readonly LimitRule[]
  #spare: readonly LimitRule[]
  #snapshot: Snapshot | undefined
  #version = 0

  constructor(random: Random, requests: number) {
    this.#random = random
    for (const [index, partition] of partitions.entries()) {
      this.#departments.set(`d${index}`, { id: `d${index}`, partition })
      this.#projects.set(`j${index}`, { id: `j${index}`, partition, department: `d${index}` })
    }
    this.#price = { ...priceOf(random), charged: random.chance(0.9) ? 'by_size' : 'at_the_door' }
    this.people = Array.from({ length: random.whole(2, 4) }, (_, index) => this.#join(`a${index}`))
    const all = limitsOf(random, requests)
    const spares = random.whole(0, 2)
    this.#limits = all.slice(spares)
    this.#spare = all.slice(0, spares)
  }

  current(): Snapshot {
    this.#snapshot ??= this.#build()
    return this.#snapshot
  }

  isFresh(): boolean {
    return true
  }

  /** One thing an operator does at noon; answers what, for the trace. */
  change(): string {
    const random = this.#random
    this.#snapshot = undefined
    this.#version += 1
    const draw = random.next()
    if (draw < 0.3) return this.#move()
    const [added, ...rest] = this.#spare
    if (draw < 0.5 && added !== undefined) {
      this.#spare = rest
      this.#limits = [...this.#limits, added]
      return `adds limit ${added.id}`
    }
    if (this.#limits.length === 0) return 'changes nothing'
    const chosen = random.pick(this.#limits)
    if (draw < 0.6 && this.#limits.length > 1) {
      this.#limits = this.#limits.filter((limit) => limit !== chosen)
      this.#spare = [...this.#spare, chosen]
      return `drops limit ${chosen.id}`
    }
    const amount = Math.max(1, Math.floor(chosen.amount * random.pick([0.5, 0.8, 1.3, 2])))
    this.#limits = this.#limits.map((limit) => (limit === chosen ? { ...limit, amount } : limit))
    return `sets limit ${chosen.id} to ${amount}`
  }

  #move(): string {
    const { account: id } = this.#random.pick(this.people)
    const account = this.#accounts.get(id)
    if (account === undefined) return 'nothing'
    const project = account.project === 'j0' ? 'j1' : 'j0'
    this.#accounts.set(id, { ...account, project })
    return `moves ${id} to ${project}`
  }

  #join(id: string): Person {
    const index = this.#random.whole(0, 1)
    const partition = partitions[index] ?? 3
    this.#accounts.set(id, {
      ...{ id, partition, kind: 'person', role: 'member', project: `j${index}`, plan: 'free', timeZone: 'UTC' },
      disabled: false,
    })
    const { secret, digest } = tokenOf(id)
    this.#tokens.set(digest, {
      ...{ id: `t-${id}`, digest, hint: '', account: id, partition },
      expiresAtMs: Number.MAX_SAFE_INTEGER,
    })
    return { account: id, secret, address: `192.0.2.${this.#random.whole(1, 2)}` }
  }

  #build(): Snapshot {
    const limits = this.#limits
    const known = new Map<Account, readonly LimitRule[]>()
    const accounts = new Map(this.#accounts)
    const of = (account: Account): readonly LimitRule[] => {
      let resolved = known.get(account)
      if (resolved === undefined) {
        const project = this.#projects.get(account.project)
        const place = { account: account.id, project: account.project, department: project?.department ?? '' }
        resolved = resolveLimits(limits, { ...place, plan: account.plan })
        known.set(account, resolved)
      }
      return resolved
    }
    return {
      history: 'h',
      version: this.#version,
      tokenByDigest: (digest) => this.#tokens.get(digest),
      token: (id) => [...this.#tokens.values()].find((token) => token.id === id),
      account: (id) => accounts.get(id),
      project: (id) => this.#projects.get(id),
      department: (id) => this.#departments.get(id),
      plan: () => undefined,
      upstream: (id) => (id === upstream.id ? upstream : undefined),
      upstreamsOfHost: () => [upstream],
      limitsOf: of,
      limitsAt: (place) => resolveLimits(limits, place),
      alertPercentsFor: () => [],
      descriptorDomain: () => undefined,
      accessRules: [],
      priceRules: [this.#price],
      matchesPattern: () => false,
    }
  }
}

const upstream: Upstream = {
  ...{ id: 'mirror', surface: 'pypi', host: 'mirror', mountPath: '', originUrl: 'http://127.0.0.1:1', grammar: 'pypi' },
}

function tokenOf(account: string): { readonly secret: string; readonly digest: string } {
  let known = tokens.get(account)
  if (known === undefined) {
    let draw = 0
    const secret = makeTokenText((count) => {
      draw += 1
      return createHash('sha512').update(`${account} ${draw}`).digest().subarray(0, count)
    })
    known = { secret, digest: createHash('sha256').update(secret).digest('hex') }
    tokens.set(account, known)
  }
  return known
}

function priceOf(random: Random): Omit<PriceRule, 'charged'> {
  return {
    ...{ id: 'files', surface: 'pypi', baseMilli: random.pick([0, 1_000]), assumedBytes: random.pick([2, 5, 9]) * 1e6 },
    tiers: [
      { fromBytes: 0, milliPerMb: 1_000 },
      { fromBytes: 6_000_000, milliPerMb: 500 },
    ],
  }
}

type Shape = Pick<LimitRule, 'id' | 'kind' | 'counts' | 'per'> & Partial<LimitRule>

/** Quotas that about half of the requests reach, some rates and caps. */
function limitsOf(random: Random, requests: number): readonly LimitRule[] {
  const share = Math.max(2, Math.floor(requests * (0.15 + 0.35 * random.next())))
  const shapes: readonly Shape[] = [
    { id: 'own-day', kind: 'quota', counts: 'credits', per: 'account', window: 'day', amount: share * 4_000 },
    { id: 'own-hour', kind: 'quota', counts: 'requests', per: 'account', window: 'hour', amount: share },
    { id: 'own-month', kind: 'quota', counts: 'credits', per: 'account', window: 'month', amount: share * 8_000 },
    { id: 'project-day', kind: 'quota', counts: 'credits', per: 'project', window: 'day', amount: share * 6_000 },
    { id: 'house-month', kind: 'quota', counts: 'bytes', per: 'department', window: 'month', amount: share * 9e6 },
    { id: 'house-hour', kind: 'quota', counts: 'requests', per: 'department', window: 'hour', amount: share * 2 },
    { id: 'token-day', kind: 'quota', counts: 'bytes', per: 'token', window: 'day', amount: share * 7e6 },
    { id: 'address-hour', kind: 'quota', counts: 'credits', per: 'address', window: 'hour', amount: share * 9_000 },
    { id: 'all-day', kind: 'quota', counts: 'requests', per: 'everyone', window: 'day', amount: share * 3 },
    { id: 'cap', kind: 'concurrency', counts: 'in_flight', per: 'account', amount: random.whole(1, 4) },
    { id: 'rate', kind: 'rate', counts: 'requests', per: 'account', amount: 2, periodMs: 1_000, burst: 4 },
  ]
  const chosen = shapes.filter(({ kind }) => random.chance(kind === 'quota' ? 0.45 : 0.25))
  const first = shapes[random.whole(0, 3)]
  if (chosen.length === 0 && first !== undefined) chosen.push(first)
  return shuffled(random, chosen).map((shape) => ruleOf(random, shape))
}

function ruleOf(random: Random, shape: Shape): LimitRule {
  return {
    ...{ name: shape.id, surface: random.chance(0.7) ? 'any' : 'pypi', amount: 1, appliesTo: { kind: 'anyone' } },
    ...{ enforceAt: 'artifact', posture: random.chance(0.85) ? 'deny' : 'allow', shadow: random.chance(0.07) },
    ...{ refusesWith429: false, timeZone: 'UTC' },
    ...(shape.kind === 'rate' && random.chance(0.5) ? { paceMsMax: 1_000 } : {}),
    ...shape,
  }
}

function shuffled<T>(random: Random, items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, order: random.next() }))
    .sort((left, right) => left.order - right.order)
    .map(({ item }) => item)
}
