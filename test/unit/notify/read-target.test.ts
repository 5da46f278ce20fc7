import { describe, expect, test } from 'vitest'
import { readTarget } from '../../../src/notify/read-target.ts'

describe('readTarget()', () => {
  test.each([
    'https://hooks.example.org/a?b=c',
    'https://hooks.example.org:8443/',
    'https://8.8.8.8/',
    'https://[2606:4700::1]/',
  ])('takes %s for the public', (text) => {
    expect(readTarget(text, { isPrivate: false })).toMatchObject({ url: expect.any(URL) })
  })

  test.each([
    ['http://hooks.example.org/', /https.*--private-target/],
    ['ftp://hooks.example.org/', /https/],
    ['file:///etc/passwd', /https/],
    ['javascript:alert(1)', /https/],
    ['https://user@hooks.example.org/', /name or password/],
    ['https://user:password@hooks.example.org/', /name or password/],
    ['https://hooks.example.org:22/', /port/],
    ['https://hooks.example.org:80/', /port/],
    ['https://127.0.0.1/', /public.*--private-target/],
    ['https://2130706433/', /public/],
    ['https://0x7f.1/', /public/],
    ['https://0177.0.0.1/', /public/],
    ['https://[::1]/', /public/],
    ['https://[::ffff:127.0.0.1]/', /public/],
    ['https://１２７.0.0.1/', /public/],
    ['https://', /URL/],
    ['hooks.example.org', /URL/],
    [`https://hooks.example.org/${'a'.repeat(2_000)}`, /URL/],
  ])('refuses %s for the public, and does not repeat it', (text, why) => {
    const target = readTarget(text, { isPrivate: false })
    expect(target).toMatchObject({ why: expect.stringMatching(why) })
    expect(JSON.stringify(target)).not.toContain('hooks.example.org')
  })

  test('lets an administrator allow plain http, any port and private addresses, but no credentials and no other scheme', () => {
    expect(readTarget('http://10.0.0.7:9093/', { isPrivate: true })).toMatchObject({
      host: '10.0.0.7',
      isAddress: true,
    })
    expect(readTarget('http://a:b@10.0.0.7/', { isPrivate: true })).toMatchObject({ why: expect.any(String) })
    expect(readTarget('ftp://10.0.0.7/', { isPrivate: true })).toMatchObject({ why: expect.any(String) })
  })
})
