import { describe, expect, test } from 'vitest'
import { encodeFrame, payloadBytesMax, readFrames } from '../../../src/files/frame.ts'

const payloads = ['first', 'second record', 'the last one'].map((text) => Buffer.from(text))
const whole = Buffer.concat(payloads.map((payload) => encodeFrame(payload)))
const lastStart = whole.length - encodeFrame(Buffer.from('the last one')).length
const read = (bytes: Buffer) => readFrames(bytes).payloads.map(String)

describe('readFrames()', () => {
  test('gives back what was encoded, and where each record ends', () => {
    expect(readFrames(whole)).toMatchObject({ goodBytes: whole.length, stoppedBy: 'end' })
    expect(read(whole)).toEqual(['first', 'second record', 'the last one'])
    expect(readFrames(whole, 2).goodBytes).toBe(lastStart)
  })

  test('stops before the last record wherever it is torn', () => {
    for (let end = lastStart; end < whole.length; end += 1) {
      const torn = whole.subarray(0, end)
      expect(read(torn), `cut at ${end}`).toEqual(['first', 'second record'])
      expect(readFrames(torn).goodBytes).toBe(lastStart)
    }
  })

  test('takes no record in which any one bit was flipped', () => {
    for (let bit = 8 * lastStart; bit < 8 * whole.length; bit += 1) {
      const flipped = Buffer.from(whole)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(read(flipped), `bit ${bit}`).toEqual(['first', 'second record'])
    }
  })

  test('takes a block of zeros, as a file system leaves it after a power loss, for no record', () => {
    const zeros = readFrames(Buffer.concat([whole, Buffer.alloc(4_096)]))
    expect(zeros).toMatchObject({ goodBytes: whole.length, stoppedBy: 'bad' })
  })
})

test.each([0, payloadBytesMax + 1])('encodeFrame() refuses a payload of %i bytes', (length) => {
  expect(() => encodeFrame(Buffer.alloc(length))).toThrow(/must have 1 to/)
})
