import { describe, expect, test } from 'vitest'
import { Fault } from '../../../src/core/fault.ts'
import { createLog } from '../../../src/telemetry/log.ts'
import { redact } from '../../../src/telemetry/redact.ts'

const token = `tg_${'aB3'.repeat(10)}_x9Yz01`

function logged(write: (log: ReturnType<typeof createLog>) => void): string {
  const lines: string[] = []
  write(createLog({ level: 'info', destination: { write: (line) => void lines.push(line) } }))
  return lines.join('')
}

describe('createLog() writes', () => {
  test('one JSON object per line, with level, time and event', () => {
    const line = logged((log) => log.warn({ requestId: 'r' }, 'check_failed'))
    expect(JSON.parse(line)).toEqual({
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      requestId: 'r',
      event: 'check_failed',
    })
    expect(line.endsWith('\n')).toBe(true)
  })

  test('an error with its cause, and nothing below the level', () => {
    const error = new Error('outer', { cause: new Error('inner') })
    const line = logged((log) => {
      log.debug('silent')
      log.warn({ error }, 'failed')
    })
    expect(JSON.parse(line)).toMatchObject({ error: { message: 'outer', cause: { message: 'inner' } } })
  })

  test('a dependency that is away without a stack, and any other error with it', () => {
    const cause = new Error('connect ECONNREFUSED')
    const away = new Fault('store_unavailable', 'Redis is not connected', { cause, transient: true })
    const error = JSON.parse(logged((log) => log.warn({ error: away }, 'failed'))).error
    expect(error).toEqual({
      type: 'Fault',
      code: 'store_unavailable',
      message: 'Redis is not connected',
      cause: 'Error: connect ECONNREFUSED',
    })
    const defect = JSON.parse(logged((log) => log.warn({ error: new Fault('internal', 'a defect') }, 'failed'))).error
    expect(defect.stack).toContain('log.test.ts')
  })

  test('plain fields of an error, and never what a library hung on it', () => {
    const client = { connectionParameters: { user: 'tollgate', password: 'pa55word' } }
    const cause = Object.assign(new Error('Connection terminated'), { code: '57P01', client })
    const outer = Object.assign(new Error('outer', { cause }), { client, isLast: true, parts: [client] })
    const line = logged((log) => log.warn({ error: outer }, 'database_connection_lost'))
    expect(JSON.parse(line).error).toEqual({
      ...{ type: 'Error', message: 'outer', isLast: true, stack: expect.any(String) },
      cause: { type: 'Error', message: 'Connection terminated', code: '57P01', stack: expect.any(String) },
    })
    expect(line).not.toContain('pa55word')
  })

  test('causes that go in a circle to an end, and the parts of an error that has several', () => {
    const circle = new Error('one')
    circle.cause = new Error('two', { cause: circle })
    expect(logged((log) => log.warn({ error: circle }, 'failed')).match(/"message":"two"/g)).toHaveLength(3)
    const several = new AggregateError([new Error('first'), 'no error'], 'several')
    const { error } = JSON.parse(logged((log) => log.warn({ error: several }, 'failed')))
    expect(error.aggregateErrors[0]).toMatchObject({ message: 'first' })
  })

  test('no token, wherever it stands', () => {
    const line = logged((log) => {
      const cause = new Error(`key ${token} is not there`)
      const error = new AggregateError([new Error(token)], `bad ${token}`, { cause })
      log.warn(
        { error, deep: { list: [{ header: `Bearer ${token}` }] }, [token]: 1, encoded: encodeURIComponent(token) },
        `saw ${token}`,
      )
      log.warn(
        { url: `https://__token__:${token}@pypi.example/simple/`, percent: token.replaceAll('_', '%5F') },
        'urls',
      )
    })
    expect(line).not.toContain('aB3aB3')
    expect(line).toContain('tg_[hidden]')
    for (const one of line.trim().split('\n')) expect(() => JSON.parse(one)).not.toThrow()
  })
})

describe('redact() hides', () => {
  test.each([
    ['Authorization: Basic dTpwYXNzd29yZA==', 'Authorization: Basic [hidden]'],
    ['bearer abc.def-ghi_jkl', 'bearer [hidden]'],
    ['postgres://user:pa55word@db:5432/x failed', 'postgres://user:[hidden]@db:5432/x failed'],
    ['redis://:pa55word@cache', 'redis://:[hidden]@cache'],
  ])('%j as %j', (text, shown) => {
    expect(redact(text)).toBe(shown)
  })

  test.each(['tg_short_x', 'https://pypi.example/simple/', 'basic auth', 'a time of 12:30 @ noon'])(
    'and leaves %j',
    (text) => {
      expect(redact(text)).toBe(text)
    },
  )
})
