import { expect, test } from 'vitest'
import { Fault } from '../../../../src/core/fault.ts'
import type { DescriptorStore, SourceFile } from '../../../../src/policy/import-ports.ts'
import { watchRatelimit } from '../../../../src/policy/imports/watch-ratelimit.ts'

const files = (amount: number): readonly SourceFile[] => [
  {
    name: 'f',
    bytes: Buffer.from(`{domain: d, descriptors: [{key: k, rate_limit: {unit: day, requests_per_unit: ${amount}}}]}`),
  },
]
const away = new Fault('policy_unavailable', 'PostgreSQL does not answer', { transient: true })
const against = new Fault('conflict', 'The database refuses this')

/** Plays versions against a database that fails as told, a fault or none each time it is asked; answers what was said and asked. */
async function play(versions: readonly (readonly SourceFile[] | Fault)[], faults: readonly (Fault | undefined)[]) {
  const said: string[] = []
  let asked = 0
  const store: DescriptorStore = {
    read: () => Promise.reject(new Error('Only changes are asked for')),
    async change(decide) {
      const fault = faults[asked]
      asked += 1
      if (fault) throw fault
      return decide({ domains: [], limits: [] })
    },
  }
  async function* each() {
    yield* versions
  }
  const wish = { versions: each(), isAsReference: false, isWhole: false }
  const done = watchRatelimit(async () => store, wish, {
    onOutcome: (outcome) => said.push(outcome.ok ? `added ${outcome.plan.added[0]?.amount}` : 'refused'),
    onFault: ({ message }) => said.push(message),
  })
  const thrown = await done.then(
    () => undefined,
    (error: unknown) => error,
  )
  return { said, asked, thrown }
}

test('watchRatelimit() imports a version once, and another one after it', async () => {
  expect(await play([files(1), files(1), files(2), files(1)], [])).toMatchObject({
    said: ['added 1', 'added 2', 'added 1'],
    asked: 3,
  })
})

test('watchRatelimit() tries the same version again while the database is away, and says so once', async () => {
  expect(await play([files(1), files(2), files(2), files(2), files(2)], [undefined, away, away])).toMatchObject({
    said: ['added 1', away.message, 'added 2'],
    asked: 4,
  })
})

test('watchRatelimit() tries the same version again after a conflict that passes', async () => {
  const locked = new Fault('conflict', 'Another transaction holds the tables', { transient: true })
  expect(await play([files(1), files(1)], [locked])).toMatchObject({ said: [locked.message, 'added 1'], asked: 2 })
})

test('watchRatelimit() gives up at the start without a database, and never after', async () => {
  expect(await play([files(1)], [away])).toMatchObject({ said: [], thrown: away })
  expect((await play([files(1), files(2)], [undefined, away])).thrown).toBeUndefined()
})

test('watchRatelimit() does not try again what the database refuses for good', async () => {
  expect(await play([files(1), files(1), files(2)], [against])).toMatchObject({
    said: [against.message, 'added 2'],
    asked: 2,
  })
})
