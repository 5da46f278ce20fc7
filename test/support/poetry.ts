import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type CommandResult, runCommand } from '../../demo/command.ts'
import { type Installers, uvBinary } from '../../demo/installers.ts'
import { rootFolder } from '../../scripts/state-folder.ts'

const POETRY = 'poetry==2.5.1'
const PARENT = join(rootFolder, '.cache/poetry')

/** The real poetry with a project of its own, so that locking and installing can be told apart. */
export interface Poetry {
  /** Asks for index pages and metadata, writes `poetry.lock`. */
  lock(): Promise<CommandResult>
  /** Fetches the files of the lock. */
  install(): Promise<CommandResult>
}

/**
 * A project that depends on `requirement`, with the mirror as its only source. Poetry itself comes once from the user's
 * own index, by the bundled uv, into `.cache/poetry`: its wheels are bound to the machine's Python and C library.
 */
export async function createPoetry(options: {
  readonly installers: Installers
  readonly folder: string
  readonly indexUrl: string
  readonly requirement: string
}): Promise<Poetry> {
  const { installers, indexUrl } = options
  const packages = await installPoetry(installers.python)
  const folder = mkdtempSync(join(options.folder, 'poetry-'))
  const url = new URL(indexUrl)
  const [username, password] = [url.username, url.password]
  url.username = ''
  url.password = ''
  writeFileSync(join(folder, 'pyproject.toml'), projectOf(options.requirement, url.href))
  const environment = {
    ...installers.environment,
    PYTHONPATH: packages,
    POETRY_CACHE_DIR: join(folder, 'cache'),
    POETRY_CONFIG_DIR: join(folder, 'config'),
    POETRY_VIRTUALENVS_IN_PROJECT: 'true',
    POETRY_KEYRING_ENABLED: 'false',
    POETRY_HTTP_BASIC_MIRROR_USERNAME: username,
    POETRY_HTTP_BASIC_MIRROR_PASSWORD: password,
  }
  const run = (command: string): Promise<CommandResult> =>
    runCommand({
      file: installers.python,
      args: ['-m', 'poetry', command, '--no-interaction', '--no-ansi'],
      environment,
      folder,
    })
  return { lock: () => run('lock'), install: () => run('install') }
}

function projectOf(requirement: string, url: string): string {
  return [
    '[project]',
    'name = "proj"',
    'version = "0.1"',
    'requires-python = ">=3.10"',
    `dependencies = ["${requirement}"]`,
    '[tool.poetry]',
    'package-mode = false',
    '[[tool.poetry.source]]',
    'name = "mirror"',
    `url = "${url}"`,
    'priority = "primary"',
    '',
  ].join('\n')
}

async function installPoetry(python: string): Promise<string> {
  const folder = join(PARENT, `${POETRY.replace('==', '-')}-python-${await versionOf(python)}`)
  if (existsSync(folder)) return folder
  mkdirSync(PARENT, { recursive: true })
  const fresh = mkdtempSync(join(PARENT, 'new-'))
  const result = await runCommand({
    file: uvBinary,
    args: ['pip', 'install', '--quiet', '--python', python, '--target', fresh, POETRY],
    environment: userIndex(),
    folder: dirname(fresh),
    durationMsMax: 300_000,
  })
  if (result.code !== 0) throw new Error(`Poetry could not be installed from your package index: ${result.text.trim()}`)
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
