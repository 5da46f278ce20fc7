import { expect, test } from 'vitest'
import type { EnvoyWish } from '../../../src/cli/ports.ts'
import { runCli } from '../../../src/cli/run-cli.ts'
import { recordedContext } from '../../support/cli-context.ts'

/** Runs `envoy-config` with these words, and answers what was asked for and said. */
async function run(...words: readonly string[]) {
  const wishes: EnvoyWish[] = []
  const context = recordedContext({
    async envoyConfig(wish) {
      wishes.push(wish)
      return { yaml: 'a: 1\n', config: { a: 1 }, notes: ['One thing', 'Another'] }
    },
  })
  const code = await runCli(['envoy-config', ...words], context)
  return { code, wish: wishes[0], out: context.out(), errors: context.errors() }
}

test('envoy-config takes headers of entries, in lower case, also the names that HTTP/2 has', async () => {
  const entries = ['--entry', 'user=X-Tollgate-Account', '--entry', 'a=b=:path']
  const { code, wish } = await run('--rate-limits', 'shop', ...entries)
  expect(code).toBe(0)
  expect(wish?.rateLimitDomain).toBe('shop')
  expect([...(wish?.entryHeaders ?? [])]).toEqual([
    ['user', 'x-tollgate-account'],
    ['a=b', ':path'],
  ])
})

test('envoy-config says notes beside what it prints, and not in it', async () => {
  expect(await run('--rate-limits', 'shop')).toMatchObject({
    ...{ out: 'a: 1\n', errors: 'tollgate: One thing\ntollgate: Another\n' },
  })
  expect(JSON.parse((await run('--output', 'json')).out)).toEqual({ a: 1 })
})

test.each([
  [['--entry', 'user=x-user'], 'name it by --rate-limits'],
  [['--rate-limits', 'shop', '--entry', 'user'], 'It looks like user=x-tollgate-account'],
  [['--rate-limits', 'shop', '--entry', '=x-user'], 'It looks like user=x-tollgate-account'],
  [['--rate-limits', 'shop', '--entry', 'user=x user'], 'It looks like user=x-tollgate-account'],
  [['--rate-limits', 'shop', '--entry', 'user=x-a', '--entry', 'user=x-b'], 'The entry user is given twice'],
])('envoy-config refuses %j', async (words, said) => {
  const { code, wish, errors } = await run(...words)
  expect([code, wish]).toEqual([2, undefined])
  expect(errors).toContain(said)
})
