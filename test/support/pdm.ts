import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CommandResult, runCommand } from '../../demo/command.ts'
import type { Installers } from '../../demo/installers.ts'
import { installTool } from './index-tool.ts'

/** `locked`: with the releases of its dependencies that it was tested with. */
const release = 'pdm[locked]==2.29.3'

/** Runs the real `pdm lock` in a new project that depends on `requirement`, with the mirror as its only source. */
export async function lockWithPdm(options: {
  readonly installers: Installers
  readonly folder: string
  readonly indexUrl: string
  readonly requirement: string
}): Promise<CommandResult> {
  const { environment, python } = options.installers
  const packages = await installTool(release, python)
  const folder = mkdtempSync(join(options.folder, 'pdm-'))
  writeFileSync(join(folder, 'pyproject.toml'), projectOf(options))
  writeFileSync(join(folder, '.pdm-python'), python)
  return runCommand({
    file: python,
    args: ['-m', 'pdm', 'lock', '--no-cross-platform'],
    environment: {
      ...environment,
      PYTHONPATH: packages,
      PDM_CHECK_UPDATE: 'false',
      PDM_CACHE_DIR: join(folder, 'cache'),
      PDM_CONFIG_FILE: join(folder, 'config.toml'),
      PDM_LOG_DIR: join(folder, 'log'),
    },
    folder,
  })
}

function projectOf({ requirement, indexUrl }: { readonly requirement: string; readonly indexUrl: string }): string {
  return [
    '[project]',
    'name = "proj"',
    'version = "0.1"',
    'requires-python = ">=3.10"',
    `dependencies = ["${requirement}"]`,
    '[[tool.pdm.source]]',
    'name = "pypi"',
    `url = "${indexUrl}"`,
    'verify_ssl = false',
    '',
  ].join('\n')
}
