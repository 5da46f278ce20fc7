import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { demoEnvironment } from '../demo/state.ts'
import { bundledPostgresFolder } from '../src/postgres/embedded.ts'

/** psql on the running demo's database, or on DATABASE_URL: `npm run sql`, `npm run sql -- -c "SELECT …"`. */
function main(): void {
  const url = process.env['DATABASE_URL'] ?? demoEnvironment()['DATABASE_URL']
  if (url === undefined) {
    console.error(
      'tollgate: no demo is running and DATABASE_URL is not set; start `npm run demo` in another terminal first.',
    )
    process.exit(1)
  }
  const psql = spawn(join(bundledPostgresFolder, 'bin/psql'), process.argv.slice(2), {
    stdio: 'inherit',
    // In the environment and not on the command line, where every user of the machine could read the password.
    env: { ...process.env, ...connectionVariables(new URL(url)) },
  })
  // Ctrl-C cancels a statement in psql; it must not end us first.
  process.on('SIGINT', () => undefined)
  psql.once('error', (error) => {
    console.error(`tollgate: psql does not run (${error.message}); \`node scripts/bootstrap.mjs\` installs it.`)
    process.exit(1)
  })
  psql.once('exit', (code) => process.exit(code ?? 1))
}

function connectionVariables(url: URL): Readonly<Record<string, string>> {
  return {
    PGHOST: url.hostname,
    PGPORT: url.port,
    PGUSER: decodeURIComponent(url.username),
    PGPASSWORD: decodeURIComponent(url.password),
    PGDATABASE: url.pathname.slice(1),
  }
}

main()
