import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { createReservationIds } from '../../../src/check/reservation-id.ts'

test('10,000 ids are all different and say when they were minted', () => {
  const mint = createReservationIds(randomBytes)
  const ids = Array.from({ length: 10_000 }, () => mint(1_000))
  expect(new Set(ids).size).toBe(10_000)
  expect(ids.every((id) => /^[\w-]{22}\.rs$/.test(id))).toBe(true)
})

test('an id is the next 16 bytes of the randomness it was given', () => {
  const mint = createReservationIds((count) => Uint8Array.from({ length: count }, (_, index) => Math.floor(index / 16)))
  expect(mint(0)).toBe(`${Buffer.alloc(16, 0).toString('base64url')}.0`)
  expect(mint(0)).toBe(`${Buffer.alloc(16, 1).toString('base64url')}.0`)
})
