import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CommandResult, runCommand } from '../../demo/command.ts'
import type { Installers } from '../../demo/installers.ts'
import { installTool } from './index-tool.ts'

const release = 'poetry==2.5.1'

/** The real poetry with a project of its own, so that locking and installing can be told apart. */
export interface Poetry {
  /** Asks for index pages and metadata, writes `poetry.lock`. */
  lock(): Promise<CommandResult>
  /** Fetches the files of the lock. */
  install(): Promise<CommandResult>
}

/** A project that depends on `requirement`, with the mirror as its only source. */
export async function createPoetry(options: {
  readonly installers: Installers
  readonly folder: string
  readonly indexUrl: string
  readonly requirement: string
}): Promise<Poetry> {
  const { installers, indexUrl } = options
  const packages = await installTool(release, installers.python)
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
