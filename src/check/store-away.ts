import { Fault } from '../core/fault.ts'

/** What the store answers, or its `store_unavailable` as a value: postures decide then. Any other fault is thrown on. */
export async function unlessAway<T>(asked: Promise<T>): Promise<T | Fault> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof Fault && error.code === 'store_unavailable') return error
    throw error
  }
}
