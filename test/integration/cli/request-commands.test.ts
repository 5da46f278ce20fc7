import { expect, test } from 'vitest'
import { runCli } from '../../../src/cli/run-cli.ts'
import { recordedContext } from '../../support/cli-context.ts'
import { openRequestOffice } from '../../support/request-office.ts'

async function openDesk() {
  const office = await openRequestOffice()
  async function run(...words: readonly string[]) {
    const context = recordedContext({ requests: async () => office.tools })
    const exitCode = await runCli(words, context)
    return { exitCode, out: context.out(), errors: context.errors() }
  }
  return { run, [Symbol.asyncDispose]: () => office[Symbol.asyncDispose]() }
}

const asAlice = ['request', 'ask', '--as', 'alice', '--limit', 'daily', '--amount', '500'] as const

test('the request commands ask, list, show, approve, decline and withdraw', async () => {
  await using desk = await openDesk()
  const asked = await desk.run(...asAlice, '--until', '3d', '--reason', 'A release')
  expect(asked).toMatchObject({ exitCode: 0, errors: '' })
  const [, id = ''] = /^id {8}(ask-[0-9a-f]{12})$/m.exec(asked.out) ?? []
  expect(asked.out).toMatch(/^state {5}open\nasked by {2}alice\nfor {7}alice\nlimit {5}daily\namount {4}500 credits\n/m)

  const listed = await desk.run('request', 'list', '--state', 'open')
  expect(listed.out).toMatch(/^ID +STATE +ASKED BY +FOR +LIMIT +AMOUNT +UNTIL +REASON\n/)
  expect(listed.out).toMatch(new RegExp(`^${id} .* daily +500 credits `, 'm'))
  const approved = await desk.run('request', 'approve', id, '--amount', '200', '--until', '2d', '--note', 'Good luck')
  expect(approved.out).toMatch(/^state +approved$/m)
  expect(approved.out).toMatch(new RegExp(`^note +Good luck\ngrant +${id}$`, 'm'))
  const shown = await desk.run('request', 'show', id, '--output', 'json')
  expect(JSON.parse(shown.out)).toMatchObject({
    ...{ id, state: 'approved', asked_by: 'alice', for: { kind: 'account', id: 'alice' }, limit: 'daily' },
    ...{
      amount: '500',
      unit: 'credits',
      decided_by: null,
      decision_note: 'Good luck',
      grant: id,
      granted: { amount: '200' },
    },
  })

  const json = [...asAlice, '--until', '2030-01-01T00:00:00Z', '--output', 'json']
  expect((await desk.run(...json)).errors).toMatch(/400 days/)
  const second = JSON.parse((await desk.run(...asAlice, '--until', '90s', '--output', 'json')).out).id
  expect((await desk.run('request', 'decline', second, '--note', 'No')).out).toMatch(/^state {5}declined$/m)
  const third = JSON.parse((await desk.run(...asAlice, '--until', '90s', '--output', 'json')).out).id
  expect((await desk.run('request', 'withdraw', third)).out).toMatch(/^state {5}withdrawn$/m)
  expect(await desk.run('request', 'withdraw', third)).toEqual({
    exitCode: 1,
    out: '',
    errors: `tollgate: The request ${third} is withdrawn already.\n`,
  })

  const first = JSON.parse((await desk.run('request', 'list', '--count', '2', '--output', 'json')).out)
  expect(first.requests).toHaveLength(2)
  const rest = JSON.parse((await desk.run('request', 'list', '--after', first.next, '--output', 'json')).out)
  expect(rest).toMatchObject({ requests: [{ id }], next: null })
})

test('the grant commands give, list, end and take a bridge', async () => {
  await using desk = await openDesk()
  const give = ['grant', 'give', '--limit', 'daily', '--amount', '50', '--until', '1d'] as const
  const given = JSON.parse((await desk.run(...give, '--project', 'vision', '--note', 'x', '--output', 'json')).out)
  expect(given).toMatchObject({ kind: 'raise', state: 'running', for: { kind: 'project', id: 'vision' }, amount: '50' })
  expect((await desk.run('grant', 'list', '--account', 'alice')).out).toMatch(/ project vision +daily +50 credits /)
  expect((await desk.run('grant', 'end', given.id)).out).toMatch(/^state +ended$/m)
  expect((await desk.run('grant', 'list', '--state', 'running')).out).toBe('no grants\n')
  const bridge = await desk.run('grant', 'bridge', '--account', 'alice', '--limit', 'daily')
  expect(bridge.out).toMatch(/^amount +50 credits$/m)
  expect((await desk.run('grant', 'bridge', '--account', 'alice', '--limit', 'daily')).errors).toMatch(
    /the next one from/,
  )
})

test.each([
  [
    'nobody to give to',
    ['grant', 'give', '--limit', 'daily', '--amount', '5', '--until', '1d'],
    1,
    /--account, --project/,
  ],
  [
    'two to give to',
    [
      'grant',
      'give',
      '--limit',
      'daily',
      '--amount',
      '5',
      '--until',
      '1d',
      '--account',
      'alice',
      '--project',
      'vision',
    ],
    2,
    /cannot be used with/,
  ],
  ['no time', [...asAlice, '--until', 'tomorrow'], 2, /12h or 3d/],
  ['a time without a zone', [...asAlice, '--until', '2026-12-01T00:00:00'], 2, /12h or 3d/],
  ['a day that is none', [...asAlice, '--until', '2026-13-45T00:00:00Z'], 2, /12h or 3d/],
  ['a state that is none', ['request', 'list', '--state', 'lost'], 2, /--state/],
  ['a page of nothing', ['request', 'list', '--count', '0'], 2, /--count/],
  ['an unknown request', ['request', 'show', 'ask-none'], 1, /no request ask-none/],
] as const)('a command line with %s is refused in a sentence', async (...[_, words, exitCode, says]) => {
  await using desk = await openDesk()
  const result = await desk.run(...words)
  expect(result).toMatchObject({ exitCode, out: '' })
  expect(result.errors).toMatch(says)
})
