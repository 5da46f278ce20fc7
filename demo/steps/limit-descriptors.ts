import { join, relative } from 'node:path'
import { rootFolder } from '../../scripts/state-folder.ts'
import { type Call, call, type Reply, untilReply } from '../caller.ts'
import { type Demo, expectThat, type Shown } from '../step.ts'

const file = join(rootFolder, 'demo/rate-limits.yaml')
const RAISE = `UPDATE tollgate.descriptor_limit SET amount = 100 WHERE domain = 'shop' AND amount = 3`
const CALLS_MAX = 10
const PER_ACCOUNT = `INSERT INTO tollgate.descriptor_limit (id, domain, entries, name, amount, unit) VALUES ('per-account', 'edge', '[{"key":"rid"}]', 'per-account', 2, 'day')`

/** A file of envoyproxy/ratelimit becomes rows of policy, and its limits hold and change like any other; and so behind Envoy's own filter. */
export async function limitDescriptors(demo: Demo): Promise<readonly Shown[]> {
  return [...(await importFile(demo)), ...(await limitBehindEnvoy(demo))]
}

async function importFile({ world }: Demo): Promise<readonly Shown[]> {
  const imported = await world.run('policy', 'import', 'ratelimit', file)
  expectThat(imported.code === 0, 'the file is imported', imported.text)
  const ask = (key: string, value: string): Call => question(world, 'shop', { entries: [{ key, value }] })
  const bob = ask('user', 'bob')
  await untilKnown(world, 'shop')
  const asked: Reply[] = []
  for (let nth = 0; nth < 4; nth += 1) asked.push(await call(bob))
  const statuses = asked.map(({ status }) => status)
  expectThat(statuses.join() === '200,200,200,429', 'three pass and the fourth does not', asked)
  const ann = await call(ask('user', 'ann'))
  const banned = await call(ask('remote_address', '203.0.113.9'))
  expectThat(ann.status === 200 && banned.status === 429, 'values have limits of their own', [ann, banned])
  await world.sql(RAISE)
  const { durationMs } = await untilReply(bob, ({ status }) => status === 200, 5_000)
  return [
    {
      what: `tollgate policy import ratelimit ${relative(rootFolder, file)}`,
      happened: imported.stdout.trim().split('\n').at(-1) ?? '',
    },
    {
      what: 'four calls about user=bob, three a day',
      happened: statuses.join(', '),
      terminal: toldBy(asked.at(-1)),
    },
    { what: 'user=ann and an address of 203.0.113.*', happened: `${ann.status}, ${banned.status}` },
    { what: RAISE, happened: `enforced ${durationMs.toFixed(1)} ms after COMMIT` },
  ]
}

/** What a refused client reads, in the answer to Envoy. */
function toldBy(reply: Reply | undefined): string {
  const { rawBody = '' } = JSON.parse(reply?.body ?? '{}') as { readonly rawBody?: string }
  return Buffer.from(rawBody, 'base64').toString()
}

/** The filter's descriptor `rid` is the ticket that Check signed, so the limit is each account's own. */
async function limitBehindEnvoy({ world, aliceToken }: Demo): Promise<readonly Shown[]> {
  for (const text of ['BEGIN', `INSERT INTO tollgate.descriptor_domain (id) VALUES ('edge')`, PER_ACCOUNT, 'COMMIT'])
    await world.sql(text)
  await untilKnown(world, 'edge')
  const asked: Reply[] = []
  // Two pass and the third does not, unless the machine is so busy that Envoy stops waiting for an answer and lets one pass.
  const isOver = (): boolean => asked.at(-1)?.body.includes('"limit":"per-account"') === true
  while (!isOver() && asked.length < CALLS_MAX)
    asked.push(await call({ url: `${world.baseUrl}/simple/fig/`, token: aliceToken }))
  const statuses = asked.map(({ status }) => status)
  expectThat(
    isOver() && statuses.filter((status) => status === 200).length >= 2,
    'two pass and the next one does not',
    asked,
  )
  await world.sql(`DELETE FROM tollgate.descriptor_limit WHERE id = 'per-account'`)
  return [
    { what: PER_ACCOUNT, happened: 'each account twice a day' },
    {
      what: 'alice: GET /simple/fig/ through Envoy and its rate limit filter',
      happened: statuses.join(', '),
      terminal: asked.at(-1)?.body ?? '',
    },
  ]
}

function question(world: Demo['world'], domain: string, descriptor: object): Call {
  return {
    method: 'POST',
    url: `${world.tollgate.opsUrl}/json`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ domain, descriptors: [descriptor] }),
  }
}

/** Looks, taking nothing: a limit that a call brings along is told only where the domain has a row. */
async function untilKnown(world: Demo['world'], domain: string): Promise<void> {
  const look = { entries: [{ key: 'look', value: 'x' }], limit: { requestsPerUnit: 1, unit: 'DAY' }, hitsAddend: '0' }
  await untilReply(question(world, domain, look), ({ body }) => body.includes('"requestsPerUnit"'), 5_000)
}
