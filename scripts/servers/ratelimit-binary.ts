import { execFile } from 'node:child_process'
import { existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Fault } from '../../src/core/fault.ts'
import { createScratchFolder, stateFolder } from '../state-folder.ts'

const run = promisify(execFile)

const MODULE = 'github.com/envoyproxy/ratelimit'
export const ratelimitVersion = 'v1.4.1-0.20260122083618-3fb702589d36'
/** What Go itself says the module's files hash to (`go version -m`). */
const SUM = 'h1:nEi1OH2qhE8NtcuBgO/uKpTw/P0nVu4i8mZvL6oD9CQ='
const BUILD_MS_MAX = 600_000

/**
 * The path of the reference's own server: `RATELIMIT_BIN`, else the one in the state folder, built there once from the Go module proxy.
 * Undefined when there is neither the variable nor Go. @throws Fault when it cannot be built, or is made of other files than were expected.
 */
export async function ratelimitBinary(): Promise<string | undefined> {
  const given = process.env['RATELIMIT_BIN']
  if (given !== undefined && given !== '') {
    if (!existsSync(given)) throw new Fault('server_missing', `RATELIMIT_BIN names ${given}, which is not there`)
    return given
  }
  return builtCommand('service_cmd')
}

/** The path of its command that says whether files can be loaded, built like the server. Undefined without Go. */
export function ratelimitChecker(): Promise<string | undefined> {
  return builtCommand('config_check_cmd')
}

async function builtCommand(name: string): Promise<string | undefined> {
  const built = join(stateFolder(`ratelimit-${ratelimitVersion}`), name)
  if (existsSync(built)) return built
  if (!(await hasGo())) return undefined
  console.error(`tollgate: building ${name} of ${MODULE} ${ratelimitVersion} with Go …`)
  const fresh = createScratchFolder('ratelimit-build')
  await build(name, fresh)
  renameSync(join(fresh, name), built)
  return built
}

async function hasGo(): Promise<boolean> {
  return run('go', ['version']).then(
    () => true,
    () => false,
  )
}

async function build(name: string, folder: string): Promise<void> {
  const options = {
    // Outside of any module, so that nothing here changes what is built.
    cwd: folder,
    env: { ...process.env, GOBIN: folder, GOFLAGS: '-mod=mod', CGO_ENABLED: '0', GOWORK: 'off' },
    timeout: BUILD_MS_MAX,
    maxBuffer: 16_000_000,
  }
  try {
    await run('go', ['install', `${MODULE}/src/${name}@${ratelimitVersion}`], options)
    const { stdout } = await run('go', ['version', '-m', join(folder, name)], options)
    if (!stdout.includes(`${MODULE}\t${ratelimitVersion}\t${SUM}`)) {
      throw new Error(`the sum of its files is not ${SUM}`)
    }
  } catch (cause) {
    const said = cause instanceof Error ? cause.message.trim().split('\n').slice(-5).join(' | ') : String(cause)
    throw new Fault('internal', `Cannot build ${MODULE}: ${said}`, { cause })
  }
}
