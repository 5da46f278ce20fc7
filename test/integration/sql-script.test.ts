import { spawnSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createScratchFolder, rootFolder } from '../../scripts/state-folder.ts'
import { bundledPostgresFolder, startEmbeddedPostgres } from '../../src/postgres/embedded.ts'

/** `scripts/sql.ts` with this data folder and no database of another name. */
function sql(dataFolder: string, statement: string) {
  const { DATABASE_URL: _, ...environment } = process.env
  return spawnSync(process.execPath, [join(rootFolder, 'scripts/sql.ts'), '-XAtc', statement], {
    env: { ...environment, TOLLGATE_DATA_FOLDER: dataFolder },
    encoding: 'utf8',
  })
}

test('npm run sql reaches the PostgreSQL that runs in the data folder', async () => {
  const dataFolder = createScratchFolder('sql')
  // For the user that PostgreSQL runs as where we are root.
  chmodSync(dataFolder, 0o755)
  const options = { binariesFolder: bundledPostgresFolder, dataFolder: join(dataFolder, 'postgres'), fsync: false }
  const postgres = await startEmbeddedPostgres(options)
  onTestFinished(() => postgres.stop())
  const { stdout, stderr } = sql(dataFolder, 'SELECT inet_server_port()')
  expect({ stdout, stderr }).toEqual({ stdout: `${postgres.port}\n`, stderr: '' })
})

test('npm run sql says what to start where none runs', () => {
  const { status, stderr } = sql(createScratchFolder('sql'), 'SELECT 1')
  expect(status).toBe(1)
  expect(stderr).toContain('no PostgreSQL runs in the data folder; start `npm run demo` or `tollgate serve`')
})
