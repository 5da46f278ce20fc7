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
  .refine(({ port }) => port <= 65535, 'has a port above 65535')

const whole = (min: number, max: number) =>
  z.string().regex(/^\d+$/, 'must be a whole number').transform(Number).pipe(z.number().min(min).max(max))

const flag = z.enum(['true', 'false']).transform((text) => text === 'true')
const url = (protocols: readonly string[]) =>
  z
    .string()
    .refine(
      (text) => URL.canParse(text) && protocols.includes(new URL(text).protocol),
      `must be an address starting with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
    )
const roles = ['ledger', 'sweeper'] as const

/** One row per setting: its name, its rule, its default. `docs/reference/settings.md` is held against this table by a test. */
const schema = z.strictObject({
  DATABASE_URL: url(['postgres:', 'postgresql:']).optional(),
  REDIS_URL: url(['redis:', 'rediss:']).optional(),
  TOLLGATE_DATA_FOLDER: z.string().min(1).default('.cache/tollgate'),
  TOLLGATE_SERVERS_FOLDER: z.string().min(1).optional(),
  TOLLGATE_KEY_PREFIX: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/, 'must be 1 to 32 of a-z, 0-9 and -')
    .default('tg1'),
  TOLLGATE_GRPC_SOCKET: z.string().min(1).max(107, 'is longer than the 107 bytes of a socket path').optional(),
  TOLLGATE_GRPC_ADDRESS: address.optional(),
  TOLLGATE_INSECURE_PEERS: flag.default(false),
  TOLLGATE_OPS_ADDRESS: address.default({ host: '127.0.0.1', port: 9464 }),
  TOLLGATE_ROLES: z
    .string()
    .transform((text) => (text === 'none' ? [] : text.split(',').map((role) => role.trim())))
    .pipe(z.array(z.enum(roles)))
    .default([...roles]),
  TOLLGATE_TICKET_KEY: z.string().min(32, 'must have at least 32 characters').optional(),
  TOLLGATE_ASK_AT: z.string().min(1).max(60).default('your administrator'),
  TOLLGATE_DOCS_BASE: url(['http:', 'https:']).default('https://tollgate.example/docs/blocked'),
  TOLLGATE_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  TOLLGATE_CHECK_MS_MAX: whole(20, 10_000).default(200),
  TOLLGATE_IN_FLIGHT_MAX: whole(1, 1_000_000).default(2_000),
  TOLLGATE_RESERVATION_MS: whole(10_000, 3_600_000).default(300_000),
  TOLLGATE_DRAIN_MS: whole(0, 60_000).default(3_000),
})

export type Settings = Readonly<z.output<typeof schema>>

/** Names of every setting, for the reference page's test. */
export const settingNames = Object.keys(schema.shape)

/**
 * Reads the settings from an environment. Names that start with TOLLGATE_ and are not known are faults too.
 * Throws one `Fault` of code `settings_invalid` that names every fault at once and shows no secret value.
 */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const wanted = Object.entries(environment).filter(
    ([name, value]) =>
      value !== undefined && value !== '' && (name.startsWith('TOLLGATE_') || settingNames.includes(name)),
  )
  const parsed = schema.safeParse(Object.fromEntries(wanted))
  const faults = parsed.success ? crossFaults(parsed.data) : parsed.error.issues.flatMap(sentences)
  if (faults.length > 0 || !parsed.success) {
    throw new Fault('settings_invalid', `Settings are not valid:\n${faults.map((fault) => `  ${fault}`).join('\n')}`)
  }
  return parsed.data
}

/** The process's own environment; the only reader of it. */
export function processEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env
}

function sentences(issue: z.core.$ZodIssue): readonly string[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => `${key} is not a setting of Tollgate`)
  return [`${issue.path.join('.')} ${issue.message}`]
}

function crossFaults(settings: Settings): readonly string[] {
  const grpc = settings.TOLLGATE_GRPC_ADDRESS
  const faults: string[] = []
  if (grpc && !settings.TOLLGATE_INSECURE_PEERS && !isLoopback(grpc.host)) {
    faults.push(
      'TOLLGATE_GRPC_ADDRESS is not a loopback address: anyone who reaches it decides for Envoy; set TOLLGATE_INSECURE_PEERS=true to allow that',
    )
  }
  return faults
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || (isIP(host) === 4 && host.startsWith('127.')) || host === '::1'
}
