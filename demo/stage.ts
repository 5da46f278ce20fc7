import { rmSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { startRedis } from '../scripts/servers/redis.ts'
import { createScratchFolder, stateFolder } from '../scripts/state-folder.ts'
import { bundledPostgresFolder, startEmbeddedPostgres } from '../src/postgres/embedded.ts'
import { findFreePort } from '../src/postgres/free-port.ts'
import { readerTarget } from './invitation.ts'
import { removeEnvironment, writeEnvironment } from './state.ts'
import { startWorld, type World } from './world.ts'

const DATABASE = 'demo'

/** Hears it in one sentence when a server has ended; also when we ended it. */
type OnLost = (sentence: string) => void

/**
 * Sets up what the demo runs on, with an empty database and Redis, and says what is where. Whatever was started is ended
 * by `started`, also when a later part fails.
 */
export async function setStage(started: AsyncDisposableStack, onLost: OnLost): Promise<World> {
  const scratch = createScratchFolder('demo')
  const [databaseUrl, redisUrl] = await Promise.all([
    startDatabase(started, onLost),
    startCounters(started, { dataFolder: scratch, onLost }),
  ])
  const api = `127.0.0.1:${await findFreePort()}`
  const settings = { TOLLGATE_KEY_PREFIX: 'demo', TOLLGATE_PUBLIC_ADDRESS: api }
  // Stays when the demo has ended, to see why a step failed; of the last demo only.
  const logFile = join(stateFolder('demo'), 'tollgate.log')
  rmSync(logFile, { force: true })
  const world = await startWorld({ folder: scratch, databaseUrl, redisUrl, settings, logFile, rateLimitDomain: 'edge' })
  started.defer(() => world.stop())
  tellEnd({ name: 'Tollgate', server: world.tollgate, onLost })
  tellEnd({ name: 'Envoy', server: world.envoy, onLost })
  rmSync(readerTarget, { recursive: true, force: true })
  writeEnvironment({ DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, ...settings })
  started.defer(removeEnvironment)
  // Without the password: this output is pasted into issues.
  console.log(`PostgreSQL  by \`npm run sql\`, at ${new URL(databaseUrl).host}\nRedis       ${redisUrl}`)
  console.log(`Tollgate    ${world.tollgate.opsUrl}/metrics, log in ${world.logFile}`)
  console.log(`API         http://${api}/api/openapi.json`)
  console.log(`Envoy       ${world.baseUrl}, admin ${world.envoy.adminUrl}`)
  console.log(`Mirror      http://127.0.0.1:${world.mirror.port}/simple/`)
  return world
}

async function startDatabase(started: AsyncDisposableStack, onLost: OnLost): Promise<string> {
  const server = await startEmbeddedPostgres({
    binariesFolder: bundledPostgresFolder,
    dataFolder: join(stateFolder('demo'), 'postgres'),
    fsync: false,
  })
  started.defer(() => server.stop())
  tellEnd({ name: 'PostgreSQL', server, onLost })
  const client = new pg.Client({ connectionString: server.url })
  client.on('error', () => undefined) // the statement in progress fails as well
  await client.connect()
  await client.query(`DROP DATABASE IF EXISTS ${DATABASE} WITH (FORCE)`)
  await client.query(`CREATE DATABASE ${DATABASE}`)
  await client.end()
  const url = new URL(server.url)
  url.pathname = `/${DATABASE}`
  return url.href
}

async function startCounters(
  started: AsyncDisposableStack,
  { dataFolder, onLost }: { readonly dataFolder: string; readonly onLost: OnLost },
): Promise<string> {
  const redis = await startRedis({ dataFolder })
  started.defer(() => redis.stop())
  tellEnd({ name: 'Redis', server: redis, onLost })
  return redis.url
}

interface Watched {
  readonly name: string
  readonly server: { readonly ended: Promise<number | undefined> }
  readonly onLost: OnLost
}

function tellEnd({ name, server, onLost }: Watched): void {
  const tell = (code: number | undefined): void => {
    onLost(`${name} has ended${code === undefined ? ', killed by a signal' : ` with code ${code}`}, so the demo ends`)
  }
  server.ended.then(tell, () => undefined)
}
