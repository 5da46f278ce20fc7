import { mkdirSync, mkdtempSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { rootFolder } from '../scripts/state-folder.ts'
import { type CommandResult, runCommand } from './command.ts'

export interface Install {
  readonly indexUrl: string
  readonly packages: readonly string[]
  /** Further words of the command line. */
  readonly options?: readonly string[]
  /** Then it is ended. */
  readonly durationMsMax?: number
}

export interface Installed extends CommandResult {
  /** The `--target` folder, new for each run. */
  readonly target: string
  /** The import packages that lie in it now. */
  readonly modules: readonly string[]
}

export interface Installers {
  pip(version: PipVersion, install: Install): Promise<Installed>
  uv(install: Install): Promise<Installed>
  /** For tools that run beside these two. */
  readonly environment: Readonly<Record<string, string>>
  readonly python: string
}

export const pipVersions = ['26.3', '23.2.1'] as const
export type PipVersion = (typeof pipVersions)[number]

const CLIENTS = join(rootFolder, '.cache/clients')
/** The bundled uv, put there by `scripts/bootstrap.mjs`. */
export const uvBinary = join(CLIENTS, 'packages/bin/uv')

/**
 * The real pip and uv, each run in an environment made from nothing and without a cache: no preset index, proxy or warm
 * cache can let a run pass without asking the mirror.
 *
 * @param folder takes their homes and targets
 */
export async function createInstallers(folder: string): Promise<Installers> {
  const python = await findPython(folder)
  const home = join(folder, 'home')
  mkdirSync(home, { recursive: true })
  const environment = {
    PATH: `${dirname(python)}:/usr/bin:/bin`,
    HOME: home,
    LC_ALL: 'C.UTF-8',
    NO_PROXY: '*',
    NO_COLOR: '1',
    PIP_CONFIG_FILE: '/dev/null',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    PIP_ROOT_USER_ACTION: 'ignore',
    PIP_NO_INPUT: '1',
    PIP_NO_CACHE_DIR: '1',
    UV_NO_CONFIG: '1',
    UV_NO_CACHE: '1',
    UV_NO_PROGRESS: '1',
    UV_PYTHON: python,
    UV_PYTHON_DOWNLOADS: 'never',
  }
  const run = async (file: string, words: readonly string[], install: Install): Promise<Installed> => {
    const target = mkdtempSync(join(folder, 'target-'))
    const args = [...words, '--target', target, '--index-url', install.indexUrl, ...(install.options ?? [])]
    const { packages, durationMsMax } = install
    const bound = durationMsMax === undefined ? {} : { durationMsMax }
    const result = await runCommand({ file, args: [...args, ...packages], environment, folder, ...bound })
    return { ...result, target, modules: readdirSync(target).filter((name) => /^[a-z_]+$/.test(name)) }
  }
  return {
    pip: (version, install) => run(python, [join(CLIENTS, `pip-${version}-py3-none-any.whl/pip`), 'install'], install),
    uv: (install) => run(uvBinary, ['pip', 'install'], install),
    environment,
    python,
  }
}

/** The interpreter behind `python3`, which may be a shim that needs more of the environment than the installers get. */
async function findPython(folder: string): Promise<string> {
  const environment = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '/' }
  const args = ['-c', 'import sys; print(sys.executable)']
  const { code, stdout, text } = await runCommand({ file: 'python3', args, environment, folder })
  if (code !== 0) throw new Error(`python3 does not run: ${text.trim()}`)
  return stdout.trim()
}
