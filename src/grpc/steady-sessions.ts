import { subscribe } from 'node:diagnostics_channel'
import { types } from 'node:util'
import { StreamTable } from './stream-table.ts'

/**
 * Gives HTTP/2 sessions of this process's servers another table of their streams. Node keeps those in a `Map`, whose own table is made anew
 * whenever entries come and go in numbers; each one that is left behind refers to the next, and to the streams that were open then. Once one
 * of them is old, young collections of garbage keep all that follow, each with its calls, until the next full one (seen on 26.10; see
 * docs/performance.md). Where Node looks otherwise everything stays as it is.
 */
export function steadySessions(): void {
  const known = new WeakSet<object>()
  subscribe('http2.server.stream.created', (message) => {
    const session = sessionOf(message)
    if (session === undefined || known.has(session)) return
    known.add(session)
    const state = stateOf(session)
    if (state === undefined) return
    const table = new StreamTable<unknown>()
    state.streams.forEach((stream, id) => void table.set(id, stream))
    state.streams = table
  })
}

interface SessionState {
  streams: { forEach(visit: (stream: unknown, id: number) => void): void }
}

function sessionOf(message: unknown): object | undefined {
  return (message as { readonly stream?: { readonly session?: object } }).stream?.session
}

/** Node's own notes of a session, if they look as they did. */
function stateOf(session: object): SessionState | undefined {
  const name = Object.getOwnPropertySymbols(session).find(({ description }) => description === 'state')
  const state = name === undefined ? undefined : (session as Readonly<Record<symbol, unknown>>)[name]
  return types.isMap((state as Partial<SessionState> | undefined)?.streams) ? (state as SessionState) : undefined
}
