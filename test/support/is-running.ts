import { readFileSync } from 'node:fs'

/** A process that ended and was not reaped yet does not run. */
export function isRunning(pid: string): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
