import type pg from 'pg'

/** Draws 0 … below; the same numbers for the same seed. */
export function createDraw(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    // Numerical Recipes' generator: good enough to pick rows.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** Research and labs with alice, bob and carol; what else is charged in `randomHours` is of nobody who is there. */
export const people = `
  INSERT INTO tollgate.plan (id) VALUES ('free');
  INSERT INTO tollgate.department (id) VALUES ('research'), ('labs');
  INSERT INTO tollgate.project (id, department) VALUES ('vision', 'research'), ('speech', 'research'), ('optics', 'labs');
  INSERT INTO tollgate.account (id, project, plan) VALUES ('alice', 'vision', 'free'), ('bob', 'speech', 'free'), ('carol', 'optics', 'free');`

const places = [
  ['alice', 'vision', 'research'],
  ['alice', 'optics', 'labs'],
  ['bob', 'speech', 'research'],
  ['carol', 'optics', 'labs'],
  ['gone', 'vision', 'research'],
  ['bob', 'dissolved', 'research'],
  ['', '', ''],
] as const

const things = [
  ['pypi', 'torch'],
  ['pypi', 'numpy'],
  ['pypi', ''],
  ['gpu', 'ddcolor'],
  ['gpu', ''],
] as const

/** Changes usage_hour anyhow, as drains, upkeep and people with SQL do: new rows, more, less, gone. */
export async function changeHours(
  client: pg.ClientBase,
  given: {
    readonly draw: (below: number) => number
    readonly fromMs: number
    readonly hours: number
    readonly count: number
  },
): Promise<void> {
  const { draw, fromMs, hours, count } = given
  for (let index = 0; index < count; index += 1) {
    const at = new Date(fromMs + draw(hours) * 3_600_000).toISOString()
    const [account, project, department] = places[draw(places.length)] ?? places[0]
    const [surface, resource] = things[draw(things.length)] ?? things[0]
    await client.query(
      `INSERT INTO tollgate.usage_hour AS known
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $8, $10, $11, $12)
       ON CONFLICT (hour, account, project, department, surface, resource, outcome_class) DO UPDATE
       SET entries = known.entries + excluded.entries, credits = greatest(0, known.credits - excluded.credits), bytes = excluded.bytes`,
      [
        ...[at, account, project, department, surface, resource, draw(2) === 0 ? 'charged' : 'free'],
        ...[
          1 + draw(5),
          draw(2),
          `${draw(9_000)}.${String(draw(1_000)).padStart(3, '0')}`,
          draw(1_000_000),
          draw(5_000),
        ],
      ],
    )
  }
  if (draw(3) === 0)
    await client.query(
      'DELETE FROM tollgate.usage_hour WHERE (hour, account) IN (SELECT hour, account FROM tollgate.usage_hour ORDER BY bytes LIMIT 3)',
    )
}
