import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createReadDescriptor } from '../../../../../src/check/rate-limit/principal/descriptor-principal.ts'
import { createTicketSigner } from '../../../../../src/check/ticket.ts'
import type { DomainRule } from '../../../../../src/core/descriptor-rule.ts'
import { noonMs, ticket } from '../../factories.ts'

const signer = createTicketSigner(Buffer.alloc(32, 7))
const read = createReadDescriptor({
  signer,
  nowMs: () => noonMs + 1_000,
  digest: (text) => hash('sha256', text, 'base64url'),
})
const rid = signer.sign(ticket())
const entry = (key: string, value: string) => ({ key, value })

function domain(changes: Partial<DomainRule> = {}): DomainRule {
  return {
    id: 'edge',
    counting: 'all_or_nothing',
    chargesRefused: false,
    posture: 'allow',
    shadow: false,
    quotaMode: false,
    headers: 'ratelimit',
    headersShow: 'tightest',
    metadata: false,
    trustsDescriptors: false,
    surface: 'pypi',
    ...changes,
  }
}

describe('a descriptor', () => {
  it('with a ticket that Check signed names its account and holds slots by its reservation', () => {
    const entries = [entry('generic_key', 'api'), entry('rid', rid)]
    expect(read({ entries }, domain())).toEqual({
      entries: [entry('generic_key', 'api'), entry('rid', 'alice')],
      claim: { kind: 'reservation', ticket: ticket() },
      slotId: ticket().id,
      isStreamDone: false,
    })
  })

  it.each([
    ['text', 'alice'],
    ['nothing', ''],
    ['a ticket with another payload', rid.replace('alice', 'bobby')],
    ['a ticket of another key', createTicketSigner(Buffer.alloc(32, 8)).sign(ticket())],
    ['a ticket of long ago', signer.sign(ticket({ at: noonMs - 48 * 3_600_000 - 1 }))],
    ['a megabyte', 'x'.repeat(1_000_000)],
  ])('with %s for a ticket names nobody', (_, value) => {
    const entries = [entry('rid', value), entry('stream_done', '1')]
    expect(read({ entries }, domain())).toEqual({ entries, claim: { kind: 'invalid' }, isStreamDone: true })
    expect(read({ entries: entries.slice(0, 1) }, domain()).isStreamDone).toBe(false)
    expect(read({ entries }, domain({ trustsDescriptors: true })).claim).toEqual({ kind: 'invalid' })
  })

  it('has one ticket: what stands behind it is not matched', () => {
    const entries = [entry('rid', rid), entry('rid', 'bob')]
    expect(read({ entries }, domain()).entries).toEqual([entry('rid', 'alice')])
    expect(read({ entries: entries.toReversed() }, domain()).claim).toEqual({ kind: 'invalid' })
  })

  it('with a ticket and stream_done tells the end of a stream, whatever its value and its domain', () => {
    const entries = [entry('stream_done', ''), entry('rid', rid)]
    expect(read({ entries }, undefined)).toMatchObject({ entries: [entry('rid', 'alice')], isStreamDone: true })
  })

  it('with nothing special is as it came', () => {
    const entries = [entry('stream_done', '1'), entry('account', 'alice'), entry('request_id', 'r1')]
    const found = read({ entries }, domain())
    expect(found).toEqual({ entries, claim: { kind: 'none' }, isStreamDone: false })
    expect(found.entries).toBe(entries)
  })
})

describe('a descriptor of a domain that trusts them', () => {
  const trusting = domain({ trustsDescriptors: true })

  it('names an account by its id, which rules see too', () => {
    const entries = [entry('account', 'bob'), entry('path', '/a')]
    expect(read({ entries }, trusting)).toEqual({
      entries,
      claim: { kind: 'account', account: 'bob' },
      isStreamDone: false,
    })
  })

  it('holds slots by its request, which no rule sees, and which is another one in another domain', () => {
    const entries = [entry('path', '/a'), entry('request_id', 'x'.repeat(10_000))]
    const found = read({ entries }, trusting)
    expect(found).toMatchObject({ entries: [entry('path', '/a')], claim: { kind: 'none' }, isStreamDone: false })
    expect(found.slotId).toMatch(/^q[\w-]{43}$/)
    expect(read({ entries }, { ...trusting, id: 'other' }).slotId).not.toBe(found.slotId)
    const end = read({ entries: [...entries, entry('stream_done', '1')] }, trusting)
    expect(end).toEqual({ ...found, isStreamDone: true })
  })

  it('is charged to the caller of a reservation, whatever account it says', () => {
    const entries = [entry('account', 'bob'), entry('rid', rid)]
    expect(read({ entries }, trusting).claim).toMatchObject({ kind: 'reservation', ticket: { id: ticket().id } })
  })
})
