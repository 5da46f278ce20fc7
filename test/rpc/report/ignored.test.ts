import { expect, test } from 'vitest'
import { createTicketSigner } from '../../../src/check/ticket.ts'
import { createLogClient } from '../support/log-client.ts'
import { startPlane } from '../support/plane.ts'

const wheel = '/packages/aa/bb/0123/demo-1.0-py3-none-any.whl'
const upstream = { upstream: 'mirror' }
const hour = 3_600_000

test('forged, foreign, old and absent tickets are counted, charge nobody and stop nothing', async () => {
  await using plane = await startPlane()
  const token = await plane.token()
  const { metadata } = await plane.client().check({ token, path: wheel, extensions: upstream })
  const ticket = metadata['ticket'] ?? ''
  const [{ ticket_key: key } = {}] = await plane.sql('SELECT ticket_key FROM tollgate.store_meta')
  const signer = createTicketSigner(Buffer.from(String(key), 'hex'))
  const opened = signer.open(ticket, Date.now())
  if (typeof opened === 'string') throw new Error(opened)
  const foreign = createTicketSigner(Buffer.alloc(32, 1)).sign(opened)
  const old = signer.sign({ ...opened, at: Date.now() - 49 * hour })
  const logs = createLogClient(plane.address)
  logs.send(
    { ticket: `${ticket.slice(0, -1)}${ticket.endsWith('A') ? 'B' : 'A'}` },
    { ticket: foreign },
    { ticket: old },
  )
  logs.send({ ticket: '' }, { ticket: 'x'.repeat(100_000) }, {})
  logs.sendBytes(Buffer.from('ffffffff', 'hex'))
  logs.send({ ticket, bodyBytes: 123 })
  await expect.poll(async () => (await plane.sql('SELECT bytes FROM tollgate.usage_entry')).length).toBe(1)
  expect(await plane.sql('SELECT bytes FROM tollgate.usage_entry')).toEqual([{ bytes: '123' }])
  expect(plane.counts.get('access_log_entries_total[forged]')).toBe(2)
  expect(plane.counts.get('access_log_entries_total[absent]')).toBe(2)
  expect(plane.counts.get('access_log_entries_total[old]')).toBe(1)
  logs.close()
})

test('absurd byte counts are counted, and the request stays booked at its estimate', async () => {
  await using plane = await startPlane()
  await plane.policy(`INSERT INTO tollgate.price_tier (price, from_bytes, credits_per_mb) VALUES ('artifact', 0, 1)`)
  const token = await plane.token()
  const client = plane.client()
  const { metadata } = await client.check({ token, path: wheel, extensions: upstream })
  const logs = createLogClient(plane.address)
  logs.send({ ticket: metadata['ticket'] ?? '', bodyBytes: 2 ** 63, wireBytes: 2 ** 63, contentLength: 1 })
  const booked = async () => (await plane.sql('SELECT bytes, credits, state FROM tollgate.usage_entry'))[0]
  await expect.poll(booked).toEqual({ bytes: '0', credits: '1.000', state: 'final' })
  expect(plane.counts.get('access_log_entries_total[absurd]')).toBe(1)
  expect((await client.check({ token, path: wheel, extensions: upstream })).allowed).toBe(true)
  logs.close()
})
