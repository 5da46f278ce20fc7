import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import pg from 'pg'
import { afterEach, describe, expect, test } from 'vitest'
import { composeMessage } from '../../../src/alerts/compose-message.ts'
import { createSenders } from '../../../src/notify/create-senders.ts'
import { createSecretBox } from '../../../src/notify/secret-box.ts'
import { createDatabase } from '../../support/databases.ts'
import { levelEvent, localChannel } from '../../support/receivers/alert-events.ts'

const root = join(import.meta.dirname, '../../..')
const guide = readFileSync(join(root, 'docs/guides/alerts.md'), 'utf8')
const secretBox = createSecretBox({ key: new Uint8Array(32), environment: {}, prefix: 'TOLLGATE_CHANNEL_' })
const senders = createSenders({ secretBox })
const { account: _account, ...projectEvent } = levelEvent({ id: 'evt_3' })
const { limit: _limit, percent: _percent, ...testEvent } = levelEvent({ id: 'evt_2', type: 'test', level: 'info' })
const secret = `whsec_${Buffer.alloc(32, 9).toString('base64')}`
const children: ChildProcessWithoutNullStreams[] = []

afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill()
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }
})

/** The only code block of this language, as it stands in the guide. */
function block(language: string): string {
  const blocks = [...guide.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))]
  expect(blocks).toHaveLength(1)
  return blocks[0]?.[1] ?? ''
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

function listens(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
  return promise.finally(() => socket.destroy())
}

describe('the receivers of the guide', () => {
  test.each([
    ['js', process.execPath, ['--input-type=module', '-e']],
    ['python', 'python3', ['-c']],
  ])(
    'in %s take what is ours, say what it is, and refuse what is forged or old',
    async (language, program, options) => {
      const port = await freePort()
      const env = { ...process.env, SECRET: secret, PORT: String(port) }
      const child = spawn(program, [...options, block(language)], { cwd: root, env })
      children.push(child)
      let [said, failed] = ['', '']
      child.stdout.on('data', (data) => {
        said += data
      })
      child.stderr.on('data', (data) => {
        failed += data
      })
      await expect.poll(() => listens(port), { timeout: 20_000, message: failed }).toBe(true)
      const message = composeMessage([levelEvent()], { language: 'en' })
      const channel = localChannel('webhook', `http://127.0.0.1:${port}/`, { secret })
      expect(await senders.webhook.send(channel, message), failed).toEqual({ kind: 'sent' })
      await expect.poll(() => said, { timeout: 10_000 }).toBe('alice used 801 of 1000, until 2026-11-22T16:00:00Z\n')

      for (const event of [testEvent, projectEvent]) {
        const told = composeMessage([event], { language: 'en' })
        expect(await senders.webhook.send(channel, told), failed).toEqual({ kind: 'sent' })
      }
      const lines = ['alice', 'vision'].map((who) => `${who} used 801 of 1000, until 2026-11-22T16:00:00Z`)
      await expect.poll(() => said, { timeout: 10_000 }).toBe(`${lines.join('\ntest\n')}\n`)

      const forged = { ...channel, secret: `whsec_${Buffer.alloc(32, 1).toString('base64')}` }
      expect(await senders.webhook.send(forged, message)).toMatchObject({ why: expect.stringContaining('401') })
      const old = createSenders({ secretBox, nowMs: () => Date.now() - 600_000 })
      expect(await old.webhook.send(channel, message)).toMatchObject({ why: expect.stringContaining('401') })
      const { secret: _secret, ...unsigned } = channel
      expect(await senders.webhook.send(unsigned, message)).toMatchObject({ why: expect.stringContaining('401') })
      expect(said.split('\n')).toHaveLength(4)
    },
  )

  test('has eleven lines', () => {
    expect(block('js').trim().split('\n')).toHaveLength(11)
  })
})

describe('the SQL of the guides', () => {
  const folder = join(root, 'docs/guides/channels')
  const pages = [join(root, 'docs/guides/alerts.md'), ...readdirSync(folder).map((page) => join(folder, page))]
  const blocks = pages.flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(/^```sql\n([\s\S]*?)^```$/gm)].map(([, sql = '']) => sql),
  )

  test('is what the tables take', async () => {
    await using database = await createDatabase()
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    try {
      await client.query(`INSERT INTO tollgate.department (id) VALUES ('research');
        INSERT INTO tollgate.plan (id) VALUES ('standard') ON CONFLICT DO NOTHING;
        INSERT INTO tollgate.project (id, department) VALUES ('vision', 'research');
        INSERT INTO tollgate.account (id, project, plan) VALUES ('alice', 'vision', 'standard')`)
      for (const sql of blocks) {
        await client.query('BEGIN')
        expect((await client.query(sql)).rowCount, sql).toBe(1)
        await client.query('ROLLBACK')
      }
    } finally {
      await client.end()
    }
    expect(blocks.length).toBe(pages.length)
  })
})
