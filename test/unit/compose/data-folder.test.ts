import { existsSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createScratchFolder } from '../../../scripts/state-folder.ts'
import { makeDataFolder } from '../../../src/compose/data-folder.ts'

const scratch = createScratchFolder('data-folder')
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

test('makeDataFolder() makes what is missing, and takes what is there', () => {
  const folder = join(scratch, 'a/b/c')
  makeDataFolder(folder)
  makeDataFolder(`${folder}/`)
  expect(existsSync(folder)).toBe(true)
})

test('makeDataFolder() says in a sentence what cannot be a folder', () => {
  const file = join(scratch, 'file')
  writeFileSync(file, '')
  symlinkSync(join(scratch, 'nowhere'), join(scratch, 'dangling'))
  const cases: readonly (readonly [string, string])[] = [
    [file, 'cannot be used: it is no folder'],
    [join(file, 'a/b'), 'is no folder'],
    [join(scratch, 'dangling'), 'cannot be made: the system says EEXIST'],
    ['/proc/tollgate/a', 'cannot be made: the system says '],
    [join(scratch, 'x'.repeat(300)), 'cannot be made: the system says ENAMETOOLONG'],
  ]
  for (const [folder, sentence] of cases) {
    expect(() => makeDataFolder(folder)).toThrow(sentence)
    expect(() => makeDataFolder(folder)).toThrow(expect.objectContaining({ code: 'settings_invalid' }))
  }
})
