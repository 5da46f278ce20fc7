import pg from 'pg'

type Connected = ((error: Error) => void) | ((error: null, client: pg.Client) => void)

/**
 * A client that closes its socket when it cannot log in. The pool only forgets it; where the fault is on our side (no password), PostgreSQL would
 * then wait a minute for the rest of the login, and hold up every CREATE and DROP DATABASE meanwhile.
 */
class ClosingClient extends pg.Client {
  override connect(): Promise<pg.Client>
  override connect(callback: Connected): void
  override connect(callback?: Connected): Promise<pg.Client> | undefined {
    if (callback === undefined) return super.connect()
    const told = callback as (error: Error | null, client: pg.Client) => void
    super.connect((error: Error | null) => {
      if (error) this.end().catch(() => undefined)
      told(error, this)
    })
    return undefined
  }
}

/**
 * Connections for the ledger, for alerts and for operators' commands; 8 unless told otherwise. Statements end after 10 s; waiting for a
 * connection after 2 s.
 */
export function createPool(
  databaseUrl: string,
  onError: (error: Error) => void,
  { connectionsMax = 8 }: { readonly connectionsMax?: number } = {},
): pg.Pool {
  const pool = new pg.Pool({
    Client: ClosingClient,
    connectionString: databaseUrl,
    max: connectionsMax,
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
