import { join, relative } from 'node:path'
import { rootFolder } from '../../scripts/state-folder.ts'
import { type Call, call, type Reply, untilReply } from '../caller.ts'
import { type Demo, expectThat, type Shown } from '../step.ts'

const file = join(rootFolder, 'demo/rate-limits.yaml')
const RAISE = `UPDATE tollgate.descriptor_limit SET amount = 100 WHERE domain = 'shop' AND amount = 3`

/** A file of envoyproxy/ratelimit becomes rows of policy, and its limits hold and change like any other. */
export async function limitDescriptors({ world }: Demo): Promise<readonly Shown[]> {
  const imported = await world.run('policy', 'import', 'ratelimit', file)
  expectThat(imported.code === 0, 'the file is imported', imported.text)
  const ask = (entry: string, value: string): Call => ({
    method: 'POST',
    url: `${world.tollgate.opsUrl}/json`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ domain: 'shop', descriptors: [{ entries: [{ key: entry, value }] }] }),
  })
  const bob = ask('user', 'bob')
  await untilReply({ ...bob, body: lookOnly(bob) }, ({ body }) => body.includes('"requestsPerUnit"'), 5_000)
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
      happened: `${statuses.join(', ')}, retry after ${asked.at(-1)?.headers['retry-after']} s`,
    },
    { what: 'user=ann and an address of 203.0.113.*', happened: `${ann.status}, ${banned.status}` },
    { what: RAISE, happened: `enforced ${durationMs.toFixed(1)} ms after COMMIT` },
  ]
}

/** The same question with hits of 0, which takes none. */
function lookOnly({ body = '' }: Call): string {
  const asked = JSON.parse(body) as { readonly descriptors: readonly object[] }
  return JSON.stringify({ ...asked, descriptors: asked.descriptors.map((one) => ({ ...one, hitsAddend: '0' })) })
}
