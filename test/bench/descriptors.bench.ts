import { matchDescriptor } from '../../src/core/match-descriptor.ts'
import { changedPolicy, domainRow, limitRow } from '../support/descriptor-policy.ts'
import { type BenchWorld, startBenchWorld } from './support/bench-world.ts'
import { type Figure, figureOf, printFigure } from './support/figure.ts'
import { weigh } from './support/weigh.ts'

const limits = 100_000
const asked = 200_000
const rounds = 5

/** What a hundred thousand limits of descriptors in one domain weigh, and what it takes to read, change and match them. */
export async function run(): Promise<readonly Figure[]> {
  const inProcess = rulesInProcess()
  const world = await startBenchWorld(1)
  try {
    const alone = await weigh(world, 'descriptors.alone')
    await addLimits(world)
    return [...inProcess, ...alone, ...(await weigh(world, 'descriptors.100k'))]
  } finally {
    await world.stop()
  }
}

function rulesInProcess(): readonly Figure[] {
  const reading: number[] = []
  const changing: number[] = []
  const matching: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const rows = Array.from({ length: limits }, (_, nth) => limitRow(`limit-${nth}`, pathOf(nth)))
    const whole = timed(() =>
      changedPolicy([
        { table: 'descriptor_domain', rows: [domainRow('envoy')] },
        { table: 'descriptor_limit', rows },
      ]),
    )
    reading.push(whole.ms)
    const row = limitRow('limit-7', pathOf(7), { amount: 2 })
    changing.push(timed(() => changedPolicy([{ table: 'descriptor_limit', rows: [row] }], whole.made)).ms)
    const domain = whole.made.descriptorDomain('envoy')
    if (domain === undefined) throw new Error('The domain is not there')
    const calls = Array.from({ length: asked }, (_, nth) => pathOf((nth * 7_919) % limits))
    const { made: found, ms } = timed(() => calls.filter((call) => matchDescriptor(domain, call) !== undefined).length)
    if (found !== asked) throw new Error(`Only ${found} of ${asked} descriptors matched`)
    matching.push((ms * 1e6) / asked)
  }
  return [
    figureOf('descriptors.read_100k_ms', 'ms', reading),
    figureOf('descriptors.change_one_ms', 'ms', changing),
    figureOf('descriptors.match_exact_ns', 'ns', matching),
  ]
}

function pathOf(nth: number) {
  return [{ key: 'user', value: `user-${nth}` }]
}

function timed<Made>(make: () => Made): { readonly made: Made; readonly ms: number } {
  const startMs = performance.now()
  const made = make()
  return { made, ms: performance.now() - startMs }
}

/** Without the change log: only how many there are is of interest. */
async function addLimits({ sql }: BenchWorld): Promise<void> {
  await sql.query(`INSERT INTO tollgate.descriptor_domain (id) VALUES ('envoy')`)
  await sql.query('ALTER TABLE tollgate.descriptor_limit DISABLE TRIGGER USER')
  await sql.query(
    `INSERT INTO tollgate.descriptor_limit (id, domain, entries, amount, unit)
     SELECT 'limit-' || n, 'envoy', jsonb_build_array(jsonb_build_object('key', 'user', 'value', 'user-' || n)), 10, 'second'
     FROM generate_series(1, ${limits}) n`,
  )
  await sql.query('ALTER TABLE tollgate.descriptor_limit ENABLE TRIGGER USER')
}

if (import.meta.main) for (const figure of await run()) printFigure(figure)
