import { expect, test } from 'vitest'
import { z } from 'zod'
import { Fault } from '../../../src/core/fault.ts'
import { afterOf, cursorText, nextOf, readCursor } from '../../../src/portal/cursor.ts'

const place = z.tuple([z.int(), z.string()])

test('readCursor() gives back what cursorText() was given', () => {
  expect(readCursor(cursorText('tokens', [5, 't-1']), 'tokens', place)).toEqual([5, 't-1'])
  expect(afterOf('requests', nextOf('requests', 'ask-1') ?? '')).toBe('ask-1')
  expect(afterOf('requests', undefined)).toBeUndefined()
  expect(nextOf('requests', undefined)).toBeNull()
})

test.each(['', 'x', cursorText('grants', [5, 't-1']), cursorText('tokens', ['5', 't-1']), cursorText('tokens', [5])])(
  'readCursor() refuses %j as a bad request',
  (text) => {
    const read = (): unknown => readCursor(text, 'tokens', place)
    expect(read).toThrow(Fault)
    expect(read).toThrow(/not one of this list/)
  },
)
