// Preloaded (`node --import`) into a process that runs seeds: TOLLGATE_MUTANT names the fault to plant into what it loads.
import { registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'
import { rootFolder } from '../../scripts/state-folder.ts'
import { patched } from './patch.ts'
import { mutants } from './table.ts'

const mutant = mutants.find(({ name }) => name === process.env['TOLLGATE_MUTANT'])
if (mutant === undefined) throw new Error(`There is no mutant ${process.env['TOLLGATE_MUTANT']}`)
const files = new Map(mutant.patches.map(({ file }) => [pathToFileURL(`${rootFolder}/${file}`).href, file]))

registerHooks({
  load(url, context, next) {
    const file = files.get(url)
    if (file === undefined) return next(url, context)
    return { format: 'module-typescript', source: patched(mutant, file), shortCircuit: true }
  },
})
