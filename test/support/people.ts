import type { World } from '../../demo/world.ts'

/** What every file and its metadata cost in these tests, so that amounts in expected texts can be written by hand. */
export const fileCredits = 5

/**
 * An account of its own in a department of its own, at fixed prices: files and metadata cost `fileCredits` at the door,
 * index pages nothing, watermelon 1 credit for each MB. Answers a token of the account.
 */
export async function addAccount(world: World, id: string): Promise<string> {
  await world.sql(`INSERT INTO tollgate.plan (id) VALUES ('e2e') ON CONFLICT DO NOTHING`)
  await world.sql('INSERT INTO tollgate.department (id) VALUES ($1)', [`${id}-department`])
  await world.sql('INSERT INTO tollgate.project (id, department) VALUES ($1, $2)', [
    `${id}-project`,
    `${id}-department`,
  ])
  await world.sql(`INSERT INTO tollgate.account (id, project, plan) VALUES ($1, $2, 'e2e')`, [id, `${id}-project`])
  await fixPrices(world)
  return world.issueToken(id)
}

/** Fixed prices for packages from a to v, and watermelon by its size. */
export async function fixPrices(world: World): Promise<void> {
  await world.sql(
    `WITH price AS (
       INSERT INTO tollgate.price_rule (id, surface, kind, package_pattern, base_credits, charged)
       VALUES ('e2e-file', 'pypi', 'artifact', '[a-v].*', ${fileCredits}, 'at_the_door'),
              ('e2e-metadata', 'pypi', 'metadata', '[a-v].*', ${fileCredits}, 'at_the_door'),
              ('e2e-index', 'pypi', 'index', '.*', 0, 'at_the_door'),
              ('e2e-large', 'pypi', 'artifact', 'watermelon', 0, 'by_size')
       ON CONFLICT DO NOTHING RETURNING id)
     INSERT INTO tollgate.price_tier (price, from_bytes, credits_per_mb) SELECT id, 0, 1 FROM price WHERE id = 'e2e-large'`,
  )
}

/** Gives an account a daily quota of credits under a name that nothing else uses. */
export async function setDailyQuota(world: World, account: string, credits: number): Promise<void> {
  await world.sql(
    `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window", applies_to_account)
     VALUES ($1, 'e2e-daily', 'quota', 'credits', $2, 'day', $3)
     ON CONFLICT ON CONSTRAINT limit_id_is_unique DO UPDATE SET amount = excluded.amount`,
    [`${account}-daily`, credits, account],
  )
}

/** `2026-11-23`: the UTC day after today, when a daily quota of these accounts resets. */
export function tomorrow(): string {
  return new Date(Date.now() + 86_400_000).toISOString().slice(0, 10)
}
