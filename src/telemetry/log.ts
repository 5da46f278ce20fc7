import { type DestinationStream, type Logger, pino } from 'pino'
import { redact } from './redact.ts'

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

/** `destination` is where lines go; standard output when absent. */
export interface LogOptions {
  readonly level: LogLevel
  readonly destination?: DestinationStream
  /** Named in every line, when there are several. */
  readonly process?: string
}

/**
 * A log of one JSON object per line: `level` by name, `time` in ISO form, `event`, and its details. Secrets are hidden in the finished line,
 * so that a token inside a nested error's message is found too.
 */
export function createLog({ level, destination, process }: LogOptions): Logger {
  const options = {
    level,
    base: process === undefined ? null : { process },
    messageKey: 'event',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { error: errorOf },
    hooks: { streamWrite: redact },
    depthLimit: 6,
    edgeLimit: 50,
  }
  return destination === undefined ? pino(options) : pino(options, destination)
}

/** Causes of causes, and errors of one that are told as its parts. */
const causesMax = 5
const partsMax = 10

/** A dependency that is away is no defect, so where in the code it was missed is no help: only others have their stacks. */
function errorOf(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  if (!('transient' in error) || error.transient !== true) return wholeError(error, causesMax)
  const code = 'code' in error ? error.code : undefined
  return {
    type: error.name,
    code,
    message: error.message,
    ...(error.cause instanceof Error && { cause: messageOf(error.cause) }),
  }
}

/** Of its own fields only plain values: libraries hang whole clients on their errors, with passwords in them. */
function wholeError(error: Error, causesLeft: number): object {
  const { name, message, stack, cause } = error
  const below = (inner: unknown): unknown => (inner instanceof Error ? wholeError(inner, causesLeft - 1) : undefined)
  const parts = error instanceof AggregateError ? error.errors.slice(0, partsMax).map(below) : []
  return {
    ...Object.fromEntries(Object.entries(error).filter(([, value]) => isPlain(value))),
    ...{ type: error.constructor.name || name, message, stack },
    ...(causesLeft > 0 && cause instanceof Error && { cause: below(cause) }),
    ...(causesLeft > 0 && parts.length > 0 && { aggregateErrors: parts }),
  }
}

function isPlain(value: unknown): boolean {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value)
}

function messageOf(cause: Error): string {
  return `${cause.name}: ${cause.message}`
}
