import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LimitRow } from '../../src/policy/import-ports.ts'
import { exportRatelimit } from '../../src/policy/imports/export-ratelimit.ts'
import { createFaults, faultLine } from '../../src/policy/imports/import-fault.ts'
import { readRatelimit } from '../../src/policy/imports/import-limits.ts'

/** Also what YAML reads as something else than a text, or has to quote. */
const word = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    'path',
    'yes',
    'null',
    '~',
    '404',
    '1.5',
    '1_000',
    '0x1f',
    '<<',
    '- x',
    ' ',
    '#',
    "'",
    '"',
    'é',
    '\t',
  ),
  fc
    .string({ unit: 'binary', minLength: 1, maxLength: 8 })
    .filter((text) => !/[\0*]/.test(text) && text.isWellFormed()),
)
const name = word.filter((text) => !/\p{Cc}/u.test(text))
const limit = fc.oneof(
  fc.record(
    {
      unit: fc.constantFrom('second', 'minute', 'hour', 'day', 'week', 'month', 'year'),
      requests_per_unit: fc.nat({ max: 4_294_967_295 }),
      name: name.map((text) => `n${text}`),
      replaces: fc.uniqueArray(name, { maxLength: 3 }).map((names) => names.map((one) => ({ name: one }))),
    },
    { requiredKeys: ['unit', 'requests_per_unit'] },
  ),
  fc.constant({ unlimited: true }),
)
const value = fc.option(
  fc.oneof(
    word,
    word.map((text) => `${text}*`),
    fc.constant('*'),
  ),
  { nil: undefined },
)

interface Descriptor {
  readonly key: string
  readonly value?: string
}

const { descriptors } = fc.letrec<{ descriptors: readonly Descriptor[]; descriptor: Descriptor }>((tie) => ({
  descriptors: fc.uniqueArray(tie('descriptor'), {
    maxLength: 5,
    // What the reference would join to one name.
    selector: ({ key, value: one }) => (one === undefined ? key : `${key}_${one}`),
  }),
  descriptor: fc
    .record({
      key: word,
      value,
      isShared: fc.boolean(),
      value_to_metric: fc.boolean(),
      flags: fc.record({ shadow_mode: fc.boolean(), quota_mode: fc.boolean(), detailed_metric: fc.boolean() }),
      rate_limit: fc.option(limit, { nil: undefined }),
      below: fc.oneof({ depthSize: 'small', maxDepth: 3 }, fc.constant([]), tie('descriptors')),
    })
    .map(({ isShared, flags, rate_limit: own, below, value: one, ...rest }) => ({
      ...rest,
      ...(one !== undefined && { value: one }),
      ...(one?.endsWith('*') && { share_threshold: isShared }),
      ...(own && { ...flags, rate_limit: own }),
      descriptors: below,
    })),
}))

function imported(text: string): readonly LimitRow[] {
  const faults = createFaults()
  const files = [{ name: 'limits.yaml', bytes: Buffer.from(text) }]
  const { rows } = readRatelimit({ files, isAsReference: true, isWhole: false }, faults)
  expect(faults.list().map(faultLine)).toEqual([])
  return rows.map(({ row }) => row).toSorted((left, right) => (left.id < right.id ? -1 : 1))
}

test('what was imported is exported so that another import makes the same rows', () => {
  fc.assert(
    fc.property(name, descriptors, (domain, list) => {
      const limits = imported(JSON.stringify({ domain, descriptors: list }))
      const rows = { domains: [{ id: domain, counting: 'each', charges_refused: true }], limits } as const
      const { files, leftOut, unknown } = exportRatelimit(rows, [domain])
      expect({ leftOut, unknown }).toEqual({ leftOut: [], unknown: [] })
      expect(imported(files[0]?.yaml ?? '')).toEqual(limits)
    }),
    { numRuns: 300 },
  )
})
