import { mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Fault } from '../core/fault.ts'

/**
 * Makes a folder and those above it that are missing, one by one: `mkdirSync` of Node with `recursive` tries for ever where the system answers
 * ENOENT for a folder whose parent is there, as below /proc. Throws the `Fault` `settings_invalid` when it cannot be made or is no folder.
 */
export function makeDataFolder(folder: string): void {
  const missing: string[] = []
  let above = resolve(folder)
  for (; !isFolder(above, folder); above = dirname(above)) missing.unshift(above)
  for (const path of missing) makeOne(path, folder)
}

function isFolder(path: string, folder: string): boolean {
  try {
    if (statSync(path).isDirectory()) return true
  } catch (error) {
    // The root is always there, so whoever goes up ends.
    if (codeOf(error) === 'ENOENT' && dirname(path) !== path) return false
    throw codeOf(error) === 'ENOTDIR' ? noFolder(path, folder) : cannotBeMade(folder, error)
  }
  throw noFolder(path, folder)
}

function makeOne(path: string, folder: string): void {
  try {
    mkdirSync(path)
  } catch (error) {
    // Another process of the same start was faster.
    if (codeOf(error) === 'EEXIST' && isFolder(path, folder)) return
    throw cannotBeMade(folder, error)
  }
}

function noFolder(path: string, folder: string): Fault {
  const where = path === resolve(folder) ? 'it' : path
  return new Fault('settings_invalid', `TOLLGATE_DATA_FOLDER ${folder} cannot be used: ${where} is no folder`)
}

function cannotBeMade(folder: string, cause: unknown): Fault {
  const sentence = `TOLLGATE_DATA_FOLDER ${folder} cannot be made: the system says ${codeOf(cause) || 'no'}`
  return new Fault('settings_invalid', sentence, { cause })
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
