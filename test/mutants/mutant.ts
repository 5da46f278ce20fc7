import type { Mishap } from '../simulation/scenario.ts'

/** A fault planted into the shipped code: the simulation must find it. */
export interface Mutant {
  readonly name: string
  /** The rule that it breaks. */
  readonly breaks: string
  readonly patches: readonly Patch[]
  /** What to have go wrong, where the fault shows only then. */
  readonly stress?: readonly Mishap[]
}

export interface Patch {
  /** From the root of the repository. */
  readonly file: string
  /** Stands in the file exactly once. */
  readonly find: string
  readonly replace: string
}
