import { randomUUID } from 'node:crypto'
import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunningRedis } from '../../../scripts/servers/redis.ts'
import { startOwnRedis } from '../../support/redis.ts'
import { startPlane, type TestPlane } from '../support/plane.ts'
import { createRateLimitClient, type RateLimitClient } from '../support/rate-limit-client.ts'

/** Envoy's default for the timeout of its rate limit filter. */
const envoysMs = 20

let redis: RunningRedis
let plane: TestPlane

beforeAll(async () => {
  redis = await startOwnRedis()
  plane = await startPlane({ store: redis.url as `redis://${string}` })
  await plane.policy(`
    INSERT INTO tollgate.descriptor_domain (id) VALUES ('shop');
    INSERT INTO tollgate.descriptor_limit (id, domain, entries, amount, unit, posture) VALUES
      ('open', 'shop', '[{"key":"open"}]', 3, 'year', 'allow'),
      ('shut', 'shop', '[{"key":"shut"}]', 1000000, 'year', 'deny'),
      ('part', 'shop', '[{"key":"part"}]', 3, 'year', 'local');
    INSERT INTO tollgate.descriptor_domain (id, trusts_descriptors, surface) VALUES ('trusting', true, 'pypi');
    INSERT INTO tollgate.account (id, project, plan) VALUES ('carol', 'vision', 'free'), ('dave', 'vision', 'free');
    INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window", enforce_at, posture, applies_to_account) VALUES
      ('own-open', 'own', 'quota', 'requests', 5, 'day', 'everything', 'allow', 'carol'),
      ('own-shut', 'own', 'quota', 'requests', 5, 'day', 'everything', 'deny', 'dave')`)
})

afterAll(async () => {
  await plane[Symbol.asyncDispose]()
  await redis.kill()
})

async function whileStalled(run: () => Promise<void>): Promise<void> {
  process.kill(redis.pid, 'SIGSTOP')
  try {
    await run()
  } finally {
    process.kill(redis.pid, 'SIGCONT')
  }
}

/** Asks with Envoy's own patience: a call that is not answered within it rejects with DEADLINE_EXCEEDED. */
function hurried(): RateLimitClient & Disposable {
  const client = createRateLimitClient(plane.address, { timeoutMs: envoysMs })
  return { ...client, [Symbol.dispose]: () => client.close() }
}

interface Answers {
  readonly codes: readonly string[]
  /** Calls whose answer the machine was too busy to hear in time. */
  readonly missed: number
}

const asksMax = 100

/** Asks for a value that nobody has asked for before, until so many answers were in time. */
async function answersOf(client: RateLimitClient, key: string, count: number): Promise<Answers> {
  const value = randomUUID()
  const codes: string[] = []
  let asked = 0
  for (; codes.length < count && asked < asksMax; asked += 1) {
    const reply = await client.ask({ domain: 'shop', descriptors: [{ of: { [key]: value } }] }).catch(notInTime)
    if (reply !== undefined) codes.push(reply.statuses.length === 1 ? reply.code : `${reply.code} without status`)
  }
  return { codes, missed: asked - codes.length }
}

function notInTime(error: { readonly code?: number }): undefined {
  if (error.code !== status.DEADLINE_EXCEEDED) throw error
}

describe('while Redis stands still, an answer comes inside the 20 ms that Envoy waits', () => {
  const six = (code: string): readonly string[] => Array.from({ length: 6 }, () => code)

  test.each([
    ['allow: everything passes', 'open', 'OK'],
    ['deny: everything is refused', 'shut', 'OVER_LIMIT'],
  ] as const)('%s', async (...[, key, code]) => {
    using client = hurried()
    await whileStalled(async () => {
      expect((await answersOf(client, key, 6)).codes).toEqual(six(code))
    })
  })

  test('local: this process’s share passes', async () => {
    using client = hurried()
    await whileStalled(async () => {
      const { codes, missed } = await answersOf(client, 'part', 6)
      const passed = codes.filter((code) => code === 'OK').length
      expect(codes).toEqual([...six('OK').slice(0, passed), ...six('OVER_LIMIT').slice(passed)])
      expect(passed).toBeLessThanOrEqual(3)
      expect(passed + missed).toBeGreaterThanOrEqual(3)
    })
  })

  test('a refusal by our own trouble says so and when to come back', async () => {
    const patient = createRateLimitClient(plane.address, { timeoutMs: 5_000 })
    await whileStalled(async () => {
      const { body, headers } = await patient.ask({ domain: 'shop', descriptors: [{ of: { shut: '1' } }] })
      expect(JSON.parse(body)).toMatchObject({ type: 'https://docs.example/blocked#unavailable' })
      expect(headers).toMatchObject({ 'retry-after': '2', 'content-type': 'application/problem+json' })
    })
    patient.close()
  })

  test('an account’s own limits decide by their postures, and a refusal is our own trouble, not the account’s', async () => {
    const patient = createRateLimitClient(plane.address, { timeoutMs: 5_000 })
    await whileStalled(async () => {
      const ask = (account: string) => patient.ask({ domain: 'trusting', descriptors: [{ of: { account } }] })
      expect((await ask('carol')).code).toBe('OK')
      const { code, body, headers } = await ask('dave')
      expect([code, headers['retry-after']]).toEqual(['OVER_LIMIT', '2'])
      expect(JSON.parse(body)).toMatchObject({
        type: 'https://docs.example/blocked#unavailable',
        title: 'Temporarily unavailable',
      })
    })
    patient.close()
  })
})

test('what was refused while Redis stood still is not counted when it goes on', async () => {
  const patient = createRateLimitClient(plane.address, { timeoutMs: 5_000 })
  const left = async (): Promise<string> => {
    const { statuses } = await patient.ask({ domain: 'shop', descriptors: [{ of: { shut: 'counted' }, hits: 0 }] })
    return `${statuses[0]?.remaining} left`
  }
  await expect.poll(left, { timeout: 10_000 }).toBe('1000000 left')
  await whileStalled(async () => {
    const asked = Array.from({ length: 20 }, () =>
      patient.ask({ domain: 'shop', descriptors: [{ of: { shut: 'counted' } }] }),
    )
    const answers = await Promise.all(asked)
    expect(new Set(answers.map(({ code }) => code))).toEqual(new Set(['OVER_LIMIT']))
  })
  await expect.poll(left, { timeout: 10_000 }).toBe('1000000 left')
  patient.close()
})
