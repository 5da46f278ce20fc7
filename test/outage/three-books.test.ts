import { expect, test } from 'vitest'
import { auditBooks, type Booked, costMilliOf } from '../support/three-books.ts'
import type { Received } from './support/downloads.ts'

const download = (some: Partial<Received> = {}): Received => ({
  ...{ file: 'a.whl', wish: 'whole', status: 200, bytes: 50_000, fullBytes: 50_000, isOver: true },
  ...some,
})

const row = (some: Partial<Booked> = {}): Booked => ({
  ...{ file: 'a.whl', id: 'r1', isHome: true, state: 'final', outcome: 'delivered', unsettled: false },
  ...{ requests: 1, creditsMilli: 1_050, bytes: 50_000 },
  ...some,
})
const away = (some: Partial<Booked> = {}): Booked => row({ isHome: false, ...some })
const nothing = { requests: 0, creditsMilli: 0, bytes: 0 }
const estimate = { state: 'open', unsettled: true, creditsMilli: 3_000, bytes: 2_000_000 }

function countsOf(received: readonly Received[], booked: readonly Booked[]) {
  const { delivered, lost, doubled, unsettled } = auditBooks(received, booked)
  return { delivered, lost: lost.length, doubled: doubled.length, unsettled: unsettled.length }
}

const fine = { lost: 0, doubled: 0, unsettled: 0 }

test('a cost is a credit and a thousandth for each begun kilobyte', () => {
  expect([0, 1, 1_000, 1_001].map(costMilliOf)).toEqual([1_000, 1_001, 1_001, 1_002])
})

test.each([
  ['booked as it arrived, in both partitions', download(), [row(), away()]],
  [
    'left half-way, with what was on its way',
    download({ wish: 'leave', bytes: 25_000 }),
    [row({ bytes: 40_000, creditsMilli: 1_040 })],
  ],
])('a download that was %s is right', (_, line, rows) => {
  expect(countsOf([line], rows)).toEqual({ ...fine, delivered: 1 })
})

test.each([
  ['not booked', []],
  ['booked at nothing', [row(nothing)]],
  ['booked in the other partition only', [away()]],
  ['booked at fewer bytes than arrived', [row({ bytes: 49_999 })]],
  ['booked at fewer credits than its bytes', [row({ creditsMilli: 1_049 })]],
  ['booked at different amounts in two partitions', [row(), away(nothing)]],
  ['booked at an estimate below what arrived', [row({ ...estimate, bytes: 10 })]],
])('a download that is %s is lost', (_, rows) => {
  expect(countsOf([download()], rows)).toEqual({ ...fine, delivered: 1, lost: 1 })
})

test.each([
  ['booked twice', [row(), row({ id: 'r2' })]],
  ['booked at more bytes than there are', [row({ bytes: 50_001, creditsMilli: 1_051 })]],
  ['booked at more credits than its bytes', [row({ creditsMilli: 1_051 })]],
])('a download that is %s is doubled', (_, rows) => {
  expect(countsOf([download()], rows)).toEqual({ ...fine, delivered: 1, doubled: 1 })
})

test.each([
  ['refused', download({ status: 503, bytes: 0 })],
  ['asked for its head', download({ wish: 'head', bytes: 0 })],
  ['not found', download({ wish: 'missing', status: 404, bytes: 9 })],
  ['known already', download({ wish: 'unmodified', status: 304, bytes: 0 })],
])('what was %s may have a row of nothing, and is doubled when it is charged', (_, line) => {
  expect(countsOf([line], [])).toEqual({ ...fine, delivered: 0 })
  expect(countsOf([line], [row(nothing), away(nothing)])).toEqual({ ...fine, delivered: 0 })
  expect(countsOf([line], [row()])).toEqual({ ...fine, delivered: 0, doubled: 1 })
})

test('an estimate that nobody corrected is neither lost nor doubled but said by itself, delivered or not', () => {
  expect(countsOf([download()], [row(estimate), away(estimate)])).toEqual({ ...fine, delivered: 1, unsettled: 1 })
  const refused = download({ status: 503, bytes: 0 })
  expect(countsOf([refused], [row({ ...estimate, unsettled: false })])).toEqual({ ...fine, delivered: 0, unsettled: 1 })
})

test('a row of a file that nobody asked for is doubled', () => {
  expect(countsOf([], [row()])).toEqual({ ...fine, delivered: 0, doubled: 1 })
})
