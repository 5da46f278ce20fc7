import { describe, expect, test } from 'vitest'
import type { ReadDescriptor } from '../../../../src/check/rate-limit/principal/descriptor-principal.ts'
import type { RateLimitAnswer } from '../../../../src/check/rate-limit/rate-limit-words.ts'
import { type Desk, desk, domainRule, entriesOf, per, rule } from './harness.ts'

const posture = (of: 'allow' | 'deny' | 'local') => rule([of], { posture: of })

function codesOf(answer: RateLimitAnswer | undefined): string {
  return `${answer?.code}: ${answer?.statuses.map(({ code }) => code).join(' ')}`
}

describe('createLateAnswer()', () => {
  test.each([
    ['allow', 'ok: ok ok'],
    ['local', 'ok: ok ok'],
    ['deny', 'over_limit: over_limit ok'],
  ] as const)('follows the posture %s of the domain where a limit has none', (domains, codes) => {
    const { late } = desk([rule(['user'])], { posture: domains })
    expect(codesOf(late(['user=a', 'nothing=b']))).toBe(codes)
  })

  test('follows the postures of the limits, each descriptor by its own, whatever was used', async () => {
    const { late, ask } = desk([posture('allow'), posture('deny'), posture('local')], { posture: 'deny' })
    await ask(['allow=a'], { hitsAddend: 10 })
    expect(codesOf(late(['allow=a', 'local=b']))).toBe('ok: ok ok')
    expect(codesOf(late(['local=a', 'deny=b', 'allow=c']))).toBe('over_limit: ok over_limit ok')
  })

  test('shows one plain status for each descriptor, and no limit', () => {
    const { late } = desk([posture('allow')])
    expect(late(['allow=a', 'nothing=b'])).toEqual({
      ...{ code: 'ok', responseHeaders: [] },
      statuses: [
        { code: 'ok', remaining: 0 },
        { code: 'ok', remaining: 0 },
      ],
    })
  })

  test('says in a refusal that limits cannot be checked, and when to come back', () => {
    const refused = desk([posture('deny')]).late(['deny=a'])
    expect(JSON.parse(refused?.body ?? '')).toMatchObject({ type: 'https://docs.example/blocked#unavailable' })
    expect(refused?.responseHeaders).toContainEqual({ name: 'retry-after', value: '2' })
  })

  test.each([
    ['a domain without a row', (at: Desk) => at.late(['deny=a'], 'elsewhere'), {}],
    ['a domain in shadow mode', (at: Desk) => at.late(['deny=a']), { shadow: true }],
    ['a domain in quota mode', (at: Desk) => at.late(['deny=a']), { quotaMode: true }],
    ['hits that are given back', (at: Desk) => at.late([{ entries: entriesOf('deny=a'), isNegativeHits: true }]), {}],
  ] as const)('passes %s', (_, asked, changes) => {
    expect(codesOf(asked(desk([posture('deny')], { posture: 'deny', ...changes })))).toBe('ok: ok')
  })

  test('passes what a limit without a count matches, although the domain denies', () => {
    const { late } = desk([rule(['free'], { amount: { kind: 'unlimited' } })], { posture: 'deny' })
    expect(late(['free=a'])).toMatchObject({
      code: 'ok',
      statuses: [{ code: 'ok', remaining: Number.POSITIVE_INFINITY }],
    })
  })

  test('says nothing before there is a policy', () => {
    const { late } = desk([], { deps: () => ({ policy: { current: () => undefined } }) })
    expect(late(['user=a'])).toBeUndefined()
  })

  test.each([
    ['allow', 'ok: ok ok'],
    ['deny', 'over_limit: over_limit over_limit'],
  ] as const)('follows the posture %s of the domain where limits cannot be looked up', (domains, codes) => {
    const broken = {
      rule: domainRule({ posture: domains }),
      get root(): never {
        throw new Error('defect')
      },
    }
    const { late } = desk([], {
      deps: () => ({ policy: { current: () => ({ descriptorDomain: () => broken }) as never } }),
    })
    expect(codesOf(late(['a=1', 'b=2']))).toBe(codes)
  })

  test('lets no denied call pass because its refusal cannot be put into words', () => {
    const answers = {
      get askAt(): never {
        throw new Error('defect')
      },
    }
    const { late } = desk([posture('deny')], { posture: 'allow', deps: () => ({ answers: answers as never }) })
    expect(() => late(['deny=a'])).toThrow('defect')
  })

  test.each([
    ['invalid', 'deny', 'over_limit: over_limit'],
    ['invalid', 'allow', 'over_limit: over_limit'],
    ['account', 'deny', 'over_limit: over_limit'],
    ['reservation', 'deny', 'ok: ok'],
    ['account', 'allow', 'ok: ok'],
  ] as const)('answers one who is named (%s) by the posture %s of the domain', (kind, domains, codes) => {
    const readDescriptor = (() => ({ entries: [], claim: { kind }, isStreamDone: false })) as unknown as ReadDescriptor
    const { late } = desk([], { posture: domains, deps: () => ({ principals: { readDescriptor } as never }) })
    expect(codesOf(late(['rid=x']))).toBe(codes)
  })
})

describe('a decision that comes after its caller was answered', () => {
  const told = (...codes: readonly RateLimitAnswer['code'][]): RateLimitAnswer => ({
    code: codes.includes('over_limit') ? 'over_limit' : 'ok',
    statuses: codes.map((code) => ({ code, remaining: 0 })),
    responseHeaders: [],
  })
  const left = async ({ ask }: Desk, descriptors: readonly string[]): Promise<readonly number[]> => {
    const looking = descriptors.map((one) => ({ entries: entriesOf(one), hitsAddend: 0 }))
    return (await ask(looking)).statuses.map(({ remaining }) => remaining)
  }
  const two = [rule(['user'], { amount: per('hour', 10) }), rule(['path'], { amount: per('hour', 20) })]
  const asked = ['user=a', 'path=b']

  test('keeps what it took when the caller passed', async () => {
    const at = desk(two)
    await at.ask(asked, { told: told('ok', 'ok') })
    expect(await left(at, asked)).toEqual([9, 19])
  })

  test('gives back all that it took when the caller was refused', async () => {
    const at = desk(two)
    await at.ask(asked, { told: told('ok', 'over_limit') })
    expect(await left(at, asked)).toEqual([10, 20])
  })

  test('gives back what each refused descriptor took where each counts for itself', async () => {
    const at = desk(two, { counting: 'each' })
    await at.ask(asked, { told: told('ok', 'over_limit') })
    expect(await left(at, asked)).toEqual([9, 20])
  })

  test('gives everything back when its caller was refused without a word of each', async () => {
    const at = desk(two, { counting: 'each' })
    await at.ask(asked, { told: { code: 'over_limit', statuses: [], responseHeaders: [] } })
    expect(await left(at, asked)).toEqual([10, 20])
  })

  test('keeps what is charged although it is refused', async () => {
    const at = desk(two, { chargesRefused: true })
    await at.ask(asked, { told: told('over_limit', 'over_limit') })
    expect(await left(at, asked)).toEqual([9, 19])
  })
})
