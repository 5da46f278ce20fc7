import pg from 'pg'

/** Connections for the ledger and for operators' commands. Statements end after 10 s; waiting for a connection after 2 s. */
export function createPool(databaseUrl: string, onError: (error: Error) => void): pg.Pool {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: 8,
    connectionTimeoutMillis: 2_000,
    idleTimeoutMillis: 30_000,
    statement_timeout: 10_000,
    query_timeout: 12_000,
    keepAlive: true,
    application_name: 'tollgate',
  })
  pool.on('error', onError)
  return pool
}
