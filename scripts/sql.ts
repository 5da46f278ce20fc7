import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { demoEnvironment } from '../demo/state.ts'
import { bundledPostgresFolder, findEmbeddedPostgres } from '../src/postgres/embedded.ts'
import { readSettings } from '../src/settings.ts'

/** psql on DATABASE_URL, the running demo's database, or the running PostgreSQL of the data folder: `npm run sql`, `npm run sql -- -c "SELECT …"`. */
function main(): void {
  const url = databaseUrl()
  if (url === undefined) {
    console.error(
      'tollgate: DATABASE_URL is not set, no demo is running, and no PostgreSQL runs in the data folder; start `npm run demo` or `tollgate serve` in another terminal first.',
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

/** Whoever names a data folder means its database, demo or not. */
function databaseUrl(): string | undefined {
  const { DATABASE_URL: named, TOLLGATE_DATA_FOLDER: folder } = process.env
  if (named !== undefined) return named
  if (folder !== undefined) return embeddedIn(folder)
  return demoEnvironment()['DATABASE_URL'] ?? embeddedIn(readSettings({}).TOLLGATE_DATA_FOLDER)
}

function embeddedIn(dataFolder: string): string | undefined {
  return findEmbeddedPostgres(join(dataFolder, 'postgres'))
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
