import { type PlaneOptions, startPlane, type TestPlane } from '../rpc/support/plane.ts'

export interface Told {
  readonly status: number
  readonly headers: Headers
  /** Parsed when it is JSON, else its text. */
  readonly body: unknown
}

export interface Call {
  readonly token?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** A served Tollgate on a fresh database with its API listening, and a client of it. */
export interface TestPortal extends TestPlane {
  readonly url: string
  /** `GET /api/me` and so on. */
  call(what: string, options?: Call): Promise<Told>
}

/** What each of several people is called with, by account. */
export type People = Readonly<Record<'alice' | 'bob' | 'lena' | 'adam' | 'fred' | 'fay', string>>

const portalSettings = { TOLLGATE_PUBLIC_ADDRESS: '127.0.0.1:0' }

export async function startPortalPlane(options: PlaneOptions = {}): Promise<TestPortal> {
  const plane = await startPlane({ ...options, settings: { ...portalSettings, ...options.settings } })
  const { host, port } = plane.portal ?? { host: '', port: 0 }
  const url = `http://${host}:${port}`
  return Object.assign(plane, { url, call: (what: string, given: Call = {}) => callAt(url, what, given) })
}

/**
 * alice and bob are members of the project vision, lena leads it, adam is an admin; fred is a member of the project sound in another
 * department, fay leads that.
 */
export async function seedPeople(plane: TestPlane): Promise<People> {
  await plane.policy(`
    INSERT INTO tollgate.department (id) VALUES ('arts');
    INSERT INTO tollgate.project (id, department) VALUES ('sound', 'arts');
    INSERT INTO tollgate.account (id, project, plan, role) VALUES
      ('lena', 'vision', 'free', 'lead'), ('adam', 'vision', 'free', 'admin'),
      ('fred', 'sound', 'free', 'member'), ('fay', 'sound', 'free', 'lead')`)
  const names = ['alice', 'bob', 'lena', 'adam', 'fred', 'fay'] as const
  const tokens: [string, string][] = []
  for (const name of names) tokens.push([name, await plane.token(name)])
  return Object.fromEntries(tokens) as People
}

export async function callAt(url: string, what: string, { token, body, headers = {} }: Call = {}): Promise<Told> {
  const [method = 'GET', path = '/'] = what.split(' ')
  const response = await fetch(`${url}${path}`, {
    method,
    redirect: 'manual',
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  const isJson = text !== '' && (response.headers.get('content-type') ?? '').includes('json')
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
}
