// Adds a stub to package-lock.json for every exact optional dependency the lockfile left out. A registry or mirror
// that does not serve every platform's package makes npm leave those out, and `npm ci` then refuses the lockfile.
// Run after every change of dependencies: `npm install && node scripts/complete-lockfile.mjs`. `--check` only lists.
import { readFileSync, writeFileSync } from 'node:fs'

const LOCKFILE = new URL('../package-lock.json', import.meta.url)
const EXACT_VERSION = /^\d+\.\d+\.\d+(?:-[\w.]+)?$/
const SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32']
const PROCESSORS = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64', 'wasm32']

/**
 * The platform a package name ends with: `@biomejs/cli-linux-arm64-musl` → os linux, cpu arm64, libc musl.
 *
 * @param {string} name
 * @returns {{ cpu: string[], os: string[], libc: string[] }} empty: any
 */
function platformOf(name) {
  const words = name.split(/[/-]/)
  const cpu = words.filter((word) => PROCESSORS.includes(word))
  const os = words.filter((word) => SYSTEMS.includes(word))
  const libc = words.includes('musl') ? ['musl'] : words.includes('gnu') ? ['glibc'] : []
  return { cpu, os, libc }
}

/** The lockfile entry npm would have written, less its digest: keys in npm's order, so that npm leaves it alone. */
function stubOf({ name, version, isDev }) {
  const { cpu, os, libc } = platformOf(name)
  return {
    version,
    ...(cpu.length > 0 && { cpu }),
    ...(isDev && { dev: true }),
    ...(libc.length > 0 && { libc }),
    optional: true,
    ...(os.length > 0 && { os }),
  }
}

/**
 * Every optional dependency with an exact version for which the lockfile has no entry, with the stub it needs.
 *
 * @param {Record<string, { optionalDependencies?: Record<string, string>, dev?: boolean, optional?: boolean }>} packages
 * @returns {Map<string, object>} lockfile path → stub
 */
function missingStubs(packages) {
  const stubs = new Map()
  for (const [path, entry] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      const hoisted = `node_modules/${name}`
      if (!EXACT_VERSION.test(version) || hoisted in packages || `${path}/${hoisted}` in packages) continue
      stubs.set(hoisted, stubOf({ name, version, isDev: entry.dev === true }))
    }
  }
  return stubs
}

const lockfile = JSON.parse(readFileSync(LOCKFILE, 'utf8'))
const stubs = missingStubs(lockfile.packages)
for (const path of stubs.keys()) console.log(`missing from package-lock.json: ${path}`)
if (process.argv.includes('--check')) {
  process.exitCode = stubs.size > 0 ? 1 : 0
} else if (stubs.size > 0) {
  const entries = Object.entries({ ...lockfile.packages, ...Object.fromEntries(stubs) })
  lockfile.packages = Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
  writeFileSync(LOCKFILE, `${JSON.stringify(lockfile, null, 2)}\n`)
  console.log(`added ${stubs.size} stubs`)
}
