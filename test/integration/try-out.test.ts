import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { call, untilReply } from '../../demo/caller.ts'
import { runTollgate, serveTollgate } from '../../demo/tollgate.ts'
import { createScratchFolder, createSocketFolder, rootFolder } from '../../scripts/state-folder.ts'
import { createDatabase } from '../support/databases.ts'

/** The three lines of the try-out, without what the two languages say beside them. */
function tryOut(readme: string): readonly string[] {
  const text = readFileSync(join(rootFolder, readme), 'utf8')
  const [, block = ''] = /```sh\n(npm run tollgate -- policy import ratelimit[\s\S]*?)```/.exec(text) ?? []
  return block
    .trim()
    .split('\n')
    .map((line) => line.replace(/ {3}# .*$/, ''))
}

const [importing = '', asking = '', raising = ''] = tryOut('README.md')

test('the try-out is the same in both languages', () => {
  expect(tryOut('README.zh-CN.md')).toEqual(tryOut('README.md'))
  expect(tryOut('README.md')).toHaveLength(3)
})

test('the try-out shows what the README says of it', async () => {
  const database = await createDatabase()
  const folder = createScratchFolder('try-out')
  const settings = {
    DATABASE_URL: database.url,
    TOLLGATE_DATA_FOLDER: join(folder, 'data'),
    TOLLGATE_GRPC_SOCKET: join(createSocketFolder(), 'tollgate.sock'),
    TOLLGATE_DRAIN_MS: '0',
  }
  const served = await serveTollgate({ settings, logFile: join(folder, 'tollgate.log') })
  onTestFinished(() => served.stop())

  const words = /^npm run tollgate -- (.*)$/.exec(importing)?.[1]?.split(' ') ?? []
  const imported = await runTollgate(settings, words)
  expect(imported.code, imported.text).toBe(0)

  // curl posts this with a type of its own, which is taken as well.
  const body = /^curl -s "\$OPS\/json" -d '(.*)'$/.exec(asking)?.[1] ?? ''
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const ask = { method: 'POST', url: `${served.opsUrl}/json`, headers, body }
  const look = { ...ask, body: body.replace('"entries"', '"hitsAddend": "0", "entries"') }
  await untilReply(look, (reply) => reply.body.includes('requestsPerUnit'), 10_000)
  const codes: string[] = []
  for (let nth = 0; nth < 4; nth += 1) codes.push(String(JSON.parse((await call(ask)).body).overallCode))
  expect(codes).toEqual(['OK', 'OK', 'OK', 'OVER_LIMIT'])
  const { body: metrics } = await call({ url: `${served.opsUrl}/metrics` })
  const told = metrics.matchAll(
    /^tollgate_descriptor_hits_total\{domain="shop",rule="[a-z0-9-]+",value="",result="(\w+)"\} (\d+)$/gm,
  )
  expect(Object.fromEntries([...told].map(([, result, hits]) => [result, hits]))).toMatchObject({
    ...{ total: '4', within: '3', near: '1', over: '1' },
  })
  expect(metrics).not.toContain('tollgate_telemetry_faults_total{')

  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  onTestFinished(() => client.end())
  await client.query(/^npm run sql -- -c "(.*)"$/.exec(raising)?.[1] ?? '')
  const { reply } = await untilReply(ask, ({ status }) => status === 200, 10_000)
  // Three of six were used before, and stay used.
  expect(JSON.parse(reply.body).statuses[0]).toMatchObject({ currentLimit: { requestsPerUnit: 6 }, limitRemaining: 2 })
})
