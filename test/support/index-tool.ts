import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { runCommand } from '../../demo/command.ts'
import { uvBinary } from '../../demo/installers.ts'
import { rootFolder } from '../../scripts/state-folder.ts'

/**
 * Puts a Python tool, once, into `.cache/<tool>` and answers the folder for `PYTHONPATH`. It comes from the user's own index, by the bundled
 * uv: its wheels are bound to the machine's Python and C library, so they cannot be pinned for all machines as `scripts/clients.txt` pins.
 *
 * @param requirement with its exact version: `poetry==2.5.1`, `pdm[locked]==2.29.3`
 */
export async function installTool(requirement: string, python: string): Promise<string> {
  const [, name = '', release = ''] = /^(\w+).*==(.*)$/.exec(requirement) ?? []
  const parent = join(rootFolder, '.cache', name)
  const folder = join(parent, `${name}-${release}-python-${await versionOf(python)}`)
  if (existsSync(folder)) return folder
  mkdirSync(parent, { recursive: true })
  const fresh = mkdtempSync(join(parent, 'new-'))
  const result = await runCommand({
    file: uvBinary,
    args: ['pip', 'install', '--quiet', '--python', python, '--target', fresh, requirement],
    environment: userIndex(),
    folder: dirname(fresh),
    durationMsMax: 300_000,
  })
  if (result.code !== 0)
    throw new Error(`${name} could not be installed from your package index: ${result.text.trim()}`)
  rmSync(folder, { recursive: true, force: true })
  renameSync(fresh, folder)
  return folder
}

async function versionOf(python: string): Promise<string> {
  const args = ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])']
  const { stdout } = await runCommand({ file: python, args, environment: {}, folder: rootFolder })
  return stdout.trim()
}

/** The user's own index, proxy and certificates, which they may have written down for pip only. */
function userIndex(): Readonly<Record<string, string>> {
  const environment = Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
  const index = environment['PIP_INDEX_URL']
  const certificates = environment['PIP_CERT']
  return {
    ...(index === undefined ? {} : { UV_DEFAULT_INDEX: index }),
    ...(certificates === undefined ? {} : { SSL_CERT_FILE: certificates }),
    ...environment,
  }
}
