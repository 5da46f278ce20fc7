import { type BenchWorld, startBenchWorld } from './support/bench-world.ts'
import { type Figure, printFigure } from './support/figure.ts'
import { weigh } from './support/weigh.ts'

/**
 * What a serving process weighs with so many tokens in force (resident memory, two seconds after it is ready), how long it takes to read them
 * from PostgreSQL, and the weight of one that has a single token: what the tokens do not cost.
 */
export async function run(): Promise<readonly Figure[]> {
  const world = await startBenchWorld(1)
  try {
    return [
      ...(await weigh(world, 'memory.alone')),
      ...(await addTokens(world, 100_000).then(() => weigh(world, 'memory.100k'))),
      ...(await addTokens(world, 900_000).then(() => weigh(world, 'memory.1m'))),
    ]
  } finally {
    await world.stop()
  }
}

/** Tokens that nobody holds a secret of, without the change log: only how many there are is of interest. */
async function addTokens({ sql }: BenchWorld, count: number): Promise<void> {
  await sql.query('ALTER TABLE tollgate.token DISABLE TRIGGER USER')
  await sql.query(
    `INSERT INTO tollgate.token (id, account, partition, digest, hint, expires_at)
     SELECT 'ci-token-' || n, 'account-' || (1 + n % 1000), 7, encode(sha256(('none ' || n || ' of ' || ${count})::bytea), 'hex'), 'tg_ab…yz',
            now() + interval '6 days'
     FROM generate_series(${count}, ${2 * count - 1}) n`,
  )
  await sql.query('ALTER TABLE tollgate.token ENABLE TRIGGER USER')
}

if (import.meta.main) for (const figure of await run()) printFigure(figure)
