import { isIP } from 'node:net'
import { z } from 'zod'
import { Fault } from './core/fault.ts'

const address = z
  .string()
  .regex(/^(\[[0-9a-fA-F:.]+\]|[^:\s]+):\d{1,5}$/, 'must look like 127.0.0.1:9000')
  .transform((text) => {
    const colon = text.lastIndexOf(':')
    return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) }
  })
  .refine(({ port }) => port <= 65535, 'must have a port of at most 65535')

const whole = (min: number, max: number) => {
  const fits = (text: string): boolean => /^\d{1,9}$/.test(text) && Number(text) >= min && Number(text) <= max
  return z.string().refine(fits, `must be a whole number from ${min} to ${max}`).transform(Number)
}

const oneOf = <const T extends readonly string[]>(words: T) =>
  z.enum(words, { error: `must be ${words.slice(0, -1).join(', ')} or ${words.at(-1)}` })
const flag = oneOf(['true', 'false']).transform((text) => text === 'true')
const url = (protocols: readonly string[]) =>
  z
    .string()
    .refine(
      (text) => URL.canParse(text) && protocols.includes(new URL(text).protocol),
      `must be an address starting with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
    )
const redisProtocols = ['redis:', 'rediss:', 'redis+cluster:', 'rediss+cluster:']
const roles = ['ledger', 'sweeper', 'alerts'] as const
/** Without which the in-process store books nothing. */
const bookingRoles = ['ledger', 'sweeper'] as const
const roleList = z
  .string()
  .transform((text) => (text === 'none' ? [] : text.split(',').map((role) => role.trim())))
  .pipe(z.array(z.enum(roles, { error: 'must be some of ledger,sweeper,alerts or none' })))

const domainList = z
  .string()
  .transform((text) => text.split(',').map((domain) => domain.trim().toLowerCase()))
  .refine(
    (domains) => domains.every((domain) => /^([a-z0-9-]{1,63}\.)*[a-z0-9-]{1,63}$/.test(domain)),
    'must be domains such as example.com,example.org',
  )

const nameList = z
  .string()
  .transform((text) => text.split(',').map((name) => name.trim()))
  .refine(
    (names) => names.every((name) => /^[\x21-\x7e]{1,255}$/.test(name)),
    'must be names such as envoy.mesh.example,spiffe://mesh.example/envoy',
  )

/** One row per setting: its name, its rule, its default. `docs/reference/settings.md` is held against this table by a test. */
const schema = z.strictObject({
  DATABASE_URL: url(['postgres:', 'postgresql:']).optional(),
  REDIS_URL: url(redisProtocols).optional(),
  TOLLGATE_HITS_REDIS_URL: url(redisProtocols).optional(),
  TOLLGATE_DATA_FOLDER: z.string().default('.cache/tollgate'),
  TOLLGATE_SERVERS_FOLDER: z.string().optional(),
  TOLLGATE_KEY_PREFIX: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/, 'must be 1 to 32 of a-z, 0-9 and -')
    .default('tg1'),
  TOLLGATE_GRPC_SOCKET: z
    .string()
    .refine((text) => Buffer.byteLength(text) <= 107, 'must be a path of at most 107 bytes, as sockets have it')
    .optional(),
  TOLLGATE_GRPC_ADDRESS: address.optional(),
  TOLLGATE_GRPC_TLS_CERT: z.string().optional(),
  TOLLGATE_GRPC_TLS_KEY: z.string().optional(),
  TOLLGATE_GRPC_CLIENT_CA: z.string().optional(),
  TOLLGATE_GRPC_CLIENT_NAMES: nameList.default([]),
  TOLLGATE_INSECURE_PEERS: flag.default(false),
  TOLLGATE_OPS_ADDRESS: address.default({ host: '127.0.0.1', port: 9464 }),
  TOLLGATE_ROLES: roleList.default([...roles]),
  TOLLGATE_UNBOOKED: flag.default(false),
  TOLLGATE_PUBLIC_ADDRESS: address.optional(),
  TOLLGATE_PUBLIC_URL: url(['http:', 'https:'])
    .transform((text) => text.replace(/\/+$/, ''))
    .optional(),
  TOLLGATE_MAIL_URL: url(['smtp:', 'smtps:']).optional(),
  TOLLGATE_MAIL_FROM: z
    .string()
    .regex(/^[^\r\n]{3,200}$/, 'must be one line of 3 to 200 characters')
    .optional(),
  TOLLGATE_MAIL_DOMAINS: domainList.optional(),
  TOLLGATE_KEY: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be 32 bytes as 64 of 0-9 and a-f')
    .optional(),
  TOLLGATE_TICKET_KEY: z.string().min(32, 'must have at least 32 characters').optional(),
  TOLLGATE_ASK_AT: z.string().max(60, 'must have at most 60 characters').default('your administrator'),
  TOLLGATE_DOCS_BASE: url(['http:', 'https:']).default('https://tollgate.example/docs/blocked'),
  TOLLGATE_LOG_LEVEL: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  TOLLGATE_CHECK_MS_MAX: whole(20, 10_000).default(200),
  TOLLGATE_IN_FLIGHT_MAX: whole(1, 1_000_000).default(2_000),
  TOLLGATE_HELD_MAX: whole(0, 1_000_000).default(2_000),
  TOLLGATE_HELD_PER_ACCOUNT_MAX: whole(0, 1_000_000).default(256),
  TOLLGATE_NEAR_PERCENT: whole(1, 100).default(80),
  TOLLGATE_RESERVATION_MS: whole(10_000, 3_600_000).default(300_000),
  TOLLGATE_ENTRY_DAYS: whole(35, 3_650).default(90),
  TOLLGATE_HOUR_DAYS: whole(37, 3_652).default(400),
  TOLLGATE_STREAM_ENTRIES_MAX: whole(10_000, 100_000_000).default(2_000_000),
  TOLLGATE_POLICY_COPY_DAYS_MAX: whole(0, 365).default(7),
  TOLLGATE_CHARGES_MB_MAX: whole(1, 1_000_000).default(1_024),
  TOLLGATE_SPOOL_MB_MAX: whole(1, 1_000_000).default(512),
  TOLLGATE_DRAIN_MS: whole(0, 60_000).default(3_000),
})

/** Their values are not shown: addresses may hold passwords. */
const secret: ReadonlySet<string> = new Set([
  'DATABASE_URL',
  'REDIS_URL',
  'TOLLGATE_HITS_REDIS_URL',
  'TOLLGATE_TICKET_KEY',
  'TOLLGATE_DOCS_BASE',
  'TOLLGATE_PUBLIC_URL',
  'TOLLGATE_MAIL_URL',
  'TOLLGATE_KEY',
])
const shownLengthMax = 60

export type Settings = Readonly<z.output<typeof schema>>

type Environment = Readonly<Record<string, string | undefined>>

/** Variables of this kind are no settings: upstreams name them as their credentials. */
export const upstreamVariablePrefix = 'TOLLGATE_UPSTREAM_'

/** Alike, of alert channels: their targets and secrets. */
export const channelVariablePrefix = 'TOLLGATE_CHANNEL_'

/** Names of every setting, for the reference page's test. */
export const settingNames = Object.keys(schema.shape)

/**
 * Reads the settings from an environment. Names that start with TOLLGATE_ and are not known are faults too, but for those of upstreams.
 * Throws one `Fault` of code `settings_invalid` that names every fault at once, each in a sentence, and shows no secret value.
 */
export function readSettings(environment: Environment): Settings {
  const given = Object.entries(environment).filter(
    ([name, value]) => value !== undefined && value !== '' && (isOurs(name) || settingNames.includes(name)),
  )
  const own = schema.safeParse(Object.fromEntries(given))
  const faults = own.success ? new Map<string, string>() : faultsOf(own.error.issues, environment)
  // The rest without the faulty ones, so that what is wrong between settings is told in the same breath.
  const rest = own.success ? own : schema.safeParse(Object.fromEntries(given.filter(([name]) => !faults.has(name))))
  const between = rest.success ? crossFaults(rest.data, faults) : []
  if (!own.success || between.length > 0) {
    const lines = [...faults.values(), ...between].map((fault) => `  ${fault}`)
    throw new Fault('settings_invalid', `Settings are not valid:\n${lines.join('\n')}`)
  }
  return own.data
}

/** The process's own environment; the only reader of it. */
export function processEnvironment(): Environment {
  return process.env
}

function isOurs(name: string): boolean {
  return (
    name.startsWith('TOLLGATE_') && !name.startsWith(upstreamVariablePrefix) && !name.startsWith(channelVariablePrefix)
  )
}

/** One sentence per faulty name. */
function faultsOf(issues: readonly z.core.$ZodIssue[], environment: Environment): Map<string, string> {
  const faults = new Map<string, string>()
  for (const issue of issues) {
    if (issue.code === 'unrecognized_keys') {
      for (const name of issue.keys) faults.set(name, `${name} is not a setting of Tollgate`)
      continue
    }
    const name = String(issue.path[0])
    if (!faults.has(name)) faults.set(name, `${name} ${issue.message}${shown(name, environment[name])}`)
  }
  return faults
}

function shown(name: string, value = ''): string {
  if (secret.has(name)) return ''
  return `, is ${JSON.stringify(value.length > shownLengthMax ? `${value.slice(0, shownLengthMax)}…` : value)}`
}

/** What is wrong between settings; nothing is said of one that is faulty by itself. */
function crossFaults(settings: Settings, faulty: ReadonlyMap<string, string>): readonly string[] {
  const areValid = (...names: readonly (keyof Settings)[]): boolean => names.every((name) => !faulty.has(name))
  const { TOLLGATE_GRPC_ADDRESS: grpc, TOLLGATE_ROLES: given } = settings
  const faults: string[] = []
  const knowsPeers = settings.TOLLGATE_INSECURE_PEERS || settings.TOLLGATE_GRPC_CLIENT_CA !== undefined
  const isOpen = grpc !== undefined && !isLoopback(grpc.host) && !knowsPeers
  if (isOpen && areValid('TOLLGATE_INSECURE_PEERS', 'TOLLGATE_GRPC_CLIENT_CA')) {
    faults.push(
      `TOLLGATE_GRPC_ADDRESS must be a loopback address, is ${JSON.stringify(`${grpc.host}:${grpc.port}`)}: anyone who reaches it decides for Envoy; set TOLLGATE_GRPC_CLIENT_CA to let in only who has a certificate, or TOLLGATE_INSECURE_PEERS=true to allow that`,
    )
  }
  faults.push(...tlsFaults(settings, areValid))
  const isAlone = settings.REDIS_URL === undefined && areValid('REDIS_URL', 'TOLLGATE_ROLES', 'TOLLGATE_UNBOOKED')
  if (isAlone && !settings.TOLLGATE_UNBOOKED && !bookingRoles.every((role) => given.includes(role))) {
    faults.push(
      `TOLLGATE_ROLES must have ledger,sweeper without REDIS_URL, is ${JSON.stringify(given.join() || 'none')}: nobody else books and ends the reservations that this process holds`,
    )
  }
  const { TOLLGATE_ENTRY_DAYS: entryDays, TOLLGATE_HOUR_DAYS: hourDays } = settings
  if (hourDays < entryDays + 2 && areValid('TOLLGATE_ENTRY_DAYS', 'TOLLGATE_HOUR_DAYS')) {
    faults.push(
      `TOLLGATE_HOUR_DAYS must be at least 2 more than TOLLGATE_ENTRY_DAYS, is ${hourDays} beside ${entryDays}: a day of single charges is dropped only while its sums are there`,
    )
  }
  return faults
}

/** Each of these means nothing without the ones before it. */
function tlsFaults(settings: Settings, areValid: (...names: (keyof Settings)[]) => boolean): readonly string[] {
  const isGiven = {
    TOLLGATE_GRPC_ADDRESS: settings.TOLLGATE_GRPC_ADDRESS !== undefined,
    TOLLGATE_GRPC_TLS_CERT: settings.TOLLGATE_GRPC_TLS_CERT !== undefined,
    TOLLGATE_GRPC_TLS_KEY: settings.TOLLGATE_GRPC_TLS_KEY !== undefined,
    TOLLGATE_GRPC_CLIENT_CA: settings.TOLLGATE_GRPC_CLIENT_CA !== undefined,
    TOLLGATE_GRPC_CLIENT_NAMES: settings.TOLLGATE_GRPC_CLIENT_NAMES.length > 0,
  }
  const needs = [
    ['TOLLGATE_GRPC_TLS_CERT', 'TOLLGATE_GRPC_TLS_KEY', 'a certificate is of no use without its key'],
    ['TOLLGATE_GRPC_TLS_KEY', 'TOLLGATE_GRPC_TLS_CERT', 'a key is of no use without its certificate'],
    ['TOLLGATE_GRPC_TLS_CERT', 'TOLLGATE_GRPC_ADDRESS', 'the socket is never encrypted'],
    ['TOLLGATE_GRPC_CLIENT_CA', 'TOLLGATE_GRPC_TLS_CERT', 'clients show certificates only over TLS'],
    ['TOLLGATE_GRPC_CLIENT_NAMES', 'TOLLGATE_GRPC_CLIENT_CA', 'names are proved by certificates of an authority'],
  ] as const
  return needs
    .filter(([name, needed]) => isGiven[name] && !isGiven[needed] && areValid(name, needed))
    .map(([name, needed, why]) => `${name} needs ${needed}: ${why}`)
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || (isIP(host) === 4 && host.startsWith('127.')) || host === '::1'
}
