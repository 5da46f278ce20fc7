import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { rootFolder } from '../../scripts/state-folder.ts'
import type { Mutant } from './mutant.ts'

/** The text of a file with a mutant's patches; throws when one does not stand there exactly once. */
export function patched(mutant: Mutant, file: string): string {
  let text = readFileSync(join(rootFolder, file), 'utf8')
  for (const patch of mutant.patches.filter((other) => other.file === file)) {
    const places = text.split(patch.find).length - 1
    if (places !== 1) throw new Error(`${mutant.name}: its text stands ${places} times in ${file}: ${patch.find}`)
    text = text.replace(patch.find, () => patch.replace)
  }
  return text
}
