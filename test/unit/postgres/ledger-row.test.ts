import { expect, test } from 'vitest'
import { createReservationIds } from '../../../src/check/reservation-id.ts'
import { ledgerRow, mintDayOf, storable } from '../../../src/postgres/ledger-row.ts'
import { account, chargeEntry } from '../../support/charge-entries.ts'

test('mintDayOf() reads the day out of ids as they are minted', () => {
  const random = new Uint8Array(16).fill(255)
  expect(mintDayOf(createReservationIds(() => random)(Date.UTC(2026, 10, 22, 23, 59, 59, 999)))).toBe('2026-11-22')
  expect(mintDayOf(createReservationIds(() => random)(Date.UTC(2026, 10, 23)))).toBe('2026-11-23')
})

test.each(['', 'x', '.', 'x.', 'x.-1', 'x.1.5e', 'x.zzzzzzzzzz', 'x.ZZ', 'x.1 ', `x.${'z'.repeat(400)}`])(
  'mintDayOf() gives an id without a time the first day: %j',
  (id) => {
    expect(['1970-01-01']).toContain(mintDayOf(id))
  },
)

test('ledgerRow() keeps only the subjects of its own partition, and home where it is home', () => {
  const subjects = [account('alice', 7), account('bob', 8)]
  expect(ledgerRow(chargeEntry({ subjects, partition: 7, home: 7 }))).toMatchObject({
    subjects: ['account:alice'],
    is_home: true,
  })
  expect(ledgerRow(chargeEntry({ subjects, partition: 8, home: 7 }))).toMatchObject({
    subjects: ['account:bob'],
    is_home: false,
  })
})

test('storable() is what PostgreSQL can hold: no NUL, no lone surrogate, bounded', () => {
  expect(storable('a\0b')).toBe('a\uFFFDb')
  expect(storable('a\uD83Db')).toBe('a\uFFFDb')
  expect(storable(`${'x'.repeat(1_023)}😀`)).toBe(`${'x'.repeat(1_023)}\uFFFD`)
})
