import { expect, test } from 'vitest'
import { createIndexLearner } from '../../../src/check/index-learner.ts'
import type { Upstream } from '../../../src/core/upstream.ts'
import { createMemorySizeCatalogue } from '../../../src/memory/size-catalogue.ts'
import { silentObserver } from '../../../src/telemetry/observer.ts'

const upstream: Upstream = {
  ...{ id: 'mirror', surface: 'pypi', mountPath: '', grammar: 'pypi', originUrl: 'http://origin.internal' },
}

const pageOf = (resource: string) => ({ kind: 'index', resource, path: `/simple/${resource}/`, indexRoot: '' }) as const

test('pages that an upstream does not have are all counted and said once, without a stack', async () => {
  const counted: unknown[] = []
  const said: unknown[] = []
  const learner = createIndexLearner({
    fetchIndex: () => Promise.reject(new Error('The index answered 404')),
    sizes: createMemorySizeCatalogue(),
    credentialOf: () => undefined,
    observer: {
      ...silentObserver,
      count: (_, labels) => void counted.push(labels),
      warn: (event, details) => void said.push([event, details]),
    },
  })
  for (let number = 0; number < 20; number += 1) learner.seen(upstream, pageOf(`none-${number}`))
  learner.seen({ ...upstream, id: 'other' }, pageOf('none-20'))
  await learner.settled()
  expect(counted).toEqual(Array.from({ length: 21 }, () => ({ result: 'failed' })))
  const reason = 'The index answered 404'
  expect(said).toEqual([
    ['index_fetch_failed', { upstream: 'mirror', url: 'http://origin.internal/simple/none-0/', reason }],
    ['index_fetch_failed', { upstream: 'other', url: 'http://origin.internal/simple/none-20/', reason }],
  ])
})
