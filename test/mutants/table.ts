import { bookMutants } from './book-mutants.ts'
import type { Mutant } from './mutant.ts'
import { storeMutants } from './store-mutants.ts'

/** All planted faults. */
export const mutants: readonly Mutant[] = [...storeMutants, ...bookMutants]
