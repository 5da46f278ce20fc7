import Fastify from 'fastify'

/** fastify doing nothing: one ready-made reply. Prints `ready` once it listens on the port given as argument. */
const reply = {
  ...{ used: 0, limit: 1_000_000, limit_name: 'account-daily', reset_at: '2026-11-23T00:00:00Z' },
  limits: ['rate', 'account-daily', 'project-daily'].map((name) => ({
    ...{ name, kind: 'quota', counts: 'credits', per: 'account', used: 0, limit: 1_000_000, window: 'day' },
    ...{ reset_at: '2026-11-23T00:00:00Z', enforced: true },
  })),
}
const app = Fastify()
app.get('/quota/status', async () => reply)
await app.listen({ host: '127.0.0.1', port: Number(process.argv[2]) })
process.stdout.write('ready\n')
