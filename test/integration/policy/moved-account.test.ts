import { expect, test } from 'vitest'
import { createLogClient, type LogAsk } from '../../rpc/support/log-client.ts'
import { startPlane, type TestPlane } from '../../rpc/support/plane.ts'
import { hoursThatDiffer } from '../../support/ledger-database.ts'

/** Each a file of its own, so that none is taken for a repeated download. */
const wheel = (nth: number): string => `/packages/aa/bb/0123/demo-1.${nth}-py3-none-any.whl`
const extensions = { upstream: 'mirror' }
const workers = 12
/** So many requests of each worker after it has seen the move. */
const requestsAfter = 10
const requestsMax = 4_000

/** 1 credit and 1 for each MB; another department beside the one alice is in, which bob and carol stay in. */
const organisation = `
  INSERT INTO tollgate.department (id) VALUES ('restoration');
  INSERT INTO tollgate.project (id, department) VALUES ('photos', 'restoration');
  INSERT INTO tollgate.account (id, project, plan) VALUES ('carol', 'photos', 'free');
  INSERT INTO tollgate.price_tier (price, from_bytes, credits_per_mb) VALUES ('artifact', 0, 1);
  INSERT INTO tollgate.limit_rule (id, name, kind, counts, per, amount, "window", time_zone) VALUES
    ('r', 'own-requests', 'quota', 'requests', 'account', 1000000, 'month', NULL),
    ('a', 'account', 'quota', 'credits', 'account', 1000000, 'day', 'UTC'),
    ('p', 'project', 'quota', 'credits', 'project', 1000000, 'week', 'UTC'),
    ('d', 'department', 'quota', 'credits', 'department', 1000000, 'month', 'UTC')`

interface Load {
  readonly allowed: number
  readonly after: number
  /** Reports that are yet to be sent. */
  readonly late: readonly LogAsk[]
}

/** Requests of alice without a pause until the move has been in force for a while. Every second report is kept back. */
async function load(plane: TestPlane, token: string, hasMoved: () => boolean): Promise<Load> {
  const logs = createLogClient(plane.address)
  const late: LogAsk[] = []
  let [asked, allowed, after] = [0, 0, 0]
  const work = async (): Promise<void> => {
    const client = plane.client(5_000)
    for (let own = 0; own < requestsAfter && allowed < requestsMax; ) {
      const sawMove = hasMoved()
      asked += 1
      const { metadata, ...answer } = await client.check({ token, path: wheel(asked), extensions })
      expect(answer.allowed).toBe(true)
      allowed += 1
      const report = { ticket: metadata['ticket'] ?? '', bodyBytes: (allowed % 7) * 1_000_000 }
      if (allowed % 2 === 0) logs.send(report)
      else late.push(report)
      if (sawMove) {
        own += 1
        after += 1
      }
    }
  }
  await Promise.all(Array.from({ length: workers }, work))
  return { allowed, after, late }
}

/** Credits used of the limit, as somebody who has it sees them. */
async function usedOf(plane: TestPlane, token: string): Promise<Readonly<Record<string, number>>> {
  const { body } = await plane.client().check({ token, path: '/quota/status', extensions })
  const { limits } = JSON.parse(body)
  return Object.fromEntries(limits.map(({ name, used }: { name: string; used: number }) => [name, used]))
}

async function bookedBy(plane: TestPlane, column: string): Promise<Readonly<Record<string, number>>> {
  const rows = await plane.sql(
    `SELECT ${column} AS name, sum(credits)::float8 AS credits FROM tollgate.usage_entry
     WHERE is_home AND account = 'alice' AND state = 'final' GROUP BY 1`,
  )
  return Object.fromEntries(rows.map(({ name, credits }) => [String(name), Number(credits)]))
}

test.each(['redis', 'memory'] as const)(
  'an account that moves to another department under load keeps its use, and every book agrees (%s store)',
  async (store) => {
    await using plane = await startPlane({ store, settings: { TOLLGATE_CHECK_MS_MAX: '5000' } })
    await plane.policy(organisation)
    const [token, bob, carol] = [await plane.token(), await plane.token('bob'), await plane.token('carol')]
    let moved = false
    const loading = load(plane, token, () => moved)
    await expect.poll(async () => (await usedOf(plane, token))['own-requests']).toBeGreaterThan(50)
    await plane.policy(`UPDATE tollgate.account SET project = 'photos' WHERE id = 'alice'`)
    moved = true
    const { allowed, after, late } = await loading
    expect(after).toBeGreaterThanOrEqual(workers)
    const logs = createLogClient(plane.address)
    logs.send(...late)
    const ids = `SELECT count(*)::int AS entries FROM tollgate.usage_entry WHERE is_home AND state = 'final'`
    await expect.poll(async () => (await plane.sql(ids))[0]?.['entries'], { timeout: 20_000 }).toBe(allowed)

    const own = await usedOf(plane, token)
    const credits = sumOfCredits(allowed)
    expect(own['own-requests']).toBe(allowed)
    expect(own['account']).toBe(credits)
    const [inVision, inPhotos] = [await usedOf(plane, bob), await usedOf(plane, carol)]
    const projects = { vision: inVision['project'] ?? -1, photos: inPhotos['project'] ?? -1 }
    const departments = { research: inVision['department'] ?? -1, restoration: inPhotos['department'] ?? -1 }
    expect(projects.vision).toBeGreaterThan(0)
    expect(projects.photos).toBeGreaterThan(0)
    expect(projects.vision + projects.photos).toBe(credits)
    expect([departments.research, departments.restoration]).toEqual([projects.vision, projects.photos])
    expect(own['project']).toBe(projects.photos)
    expect(await bookedBy(plane, 'project')).toEqual(projects)
    expect(await bookedBy(plane, 'department')).toEqual(departments)
    expect(await bookedBy(plane, 'account')).toEqual({ alice: credits })
    expect(await plane.sql(hoursThatDiffer)).toEqual([])

    // What was used in the old department counts: one more than that passes, and no more.
    await plane.policy(`UPDATE tollgate.limit_rule SET amount = ${allowed + 1} WHERE id = 'r'`)
    const client = plane.client()
    const passes = async (): Promise<boolean> => (await client.check({ token, path: wheel(0), extensions })).allowed
    expect([await passes(), await passes()]).toEqual([true, false])
    logs.close()
  },
  60_000,
)

/** Of the first requests of the load: one and its megabytes each. */
function sumOfCredits(requests: number): number {
  return Array.from({ length: requests }, (_, index) => 1 + ((index + 1) % 7)).reduce((sum, one) => sum + one, 0)
}
