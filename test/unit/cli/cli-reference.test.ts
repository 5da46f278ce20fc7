import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cliReference } from '../../../scripts/cli-reference.ts'
import { rootFolder } from '../../../scripts/state-folder.ts'
import { readSettings } from '../../../src/settings.ts'

test('docs/reference/cli.md has every command with its options: else run scripts/cli-reference.ts', () => {
  expect(readFileSync(join(rootFolder, 'docs/reference/cli.md'), 'utf8')).toBe(cliReference())
})

test('the reference names commands of both levels, what must be given, and nothing that is hidden', () => {
  const page = cliReference()
  for (const words of ['tollgate serve', 'tollgate doctor', 'tollgate token issue', 'tollgate policy check']) {
    expect(page).toContain(`## \`${words}`)
  }
  expect(page).toMatch(/\| `--path <path>` \| must be given \|/)
  expect(page).toMatch(/\| `--processes <number>` \|/)
  expect(page).not.toContain('--process <name>')
})

test('the reference shows defaults as people write them', () => {
  const defaults = [...cliReference().matchAll(/^\| `--[^|]+ \| `([^`]+)` \|/gm)].map(([, value = '']) => value)
  expect(defaults).toEqual(expect.arrayContaining(['24h', '1h', '100']))
  expect(defaults.filter((value) => /object|^\d{5,}$/.test(value))).toEqual([])
})

test('serve names every background role that there is', () => {
  const { TOLLGATE_ROLES: roles } = readSettings({})
  const [, named = ''] = /`--roles <names>`.*comma-separated: (.*) \|$/m.exec(cliReference()) ?? []
  expect(named.split(', ').toSorted()).toEqual([...roles].toSorted())
})
