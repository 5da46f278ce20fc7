import { Command, InvalidArgumentError } from 'commander'
import { amountWords } from '../core/amount-words.ts'
import { bookedQuantities, type Quantity } from '../core/quantity.ts'
import { shownNumber } from '../core/shown-amount.ts'
import type { PendingReservation } from '../doctor/ports.ts'
import { isoTime, outputOption, print, type Result, shownTime } from './output.ts'
import type { CliContext, Explanation } from './ports.ts'
import { limitJson, limitRows } from './shown-limits.ts'
import { textList, textTable } from './table.ts'

interface Options {
  readonly token?: string
  readonly path: string
  readonly method: string
  readonly host?: string
  readonly upstream?: string
  readonly address: string
  readonly size?: number
}

export function explainCommand(context: CliContext): Command {
  return new Command('explain')
    .description('say what would happen to a request and which rows decide; nothing is charged')
    .requiredOption('--path <path>', 'as the client asks for it: /simple/torch/')
    .option('--token <token>', 'the token; - reads it from the standard input; absent: without credentials')
    .option('--method <method>', 'GET, HEAD, POST, …', 'GET')
    .option('--host <host>', "the upstream's host, when several are served")
    .option('--upstream <id>', 'the upstream itself')
    .option('--address <address>', "the caller's address", '127.0.0.1')
    .option('--size <bytes>', 'the size of the file; absent: what the price rule assumes', wholeBytes)
    .addOption(outputOption())
    .action(async (options: Options, command: Command) => {
      const { token, path, method, host, upstream, address, size } = options
      const secret = token === '-' ? (await context.readLine()).trim() : token
      const explanation = await context.explain({
        ...{ path, method: method.toUpperCase(), address },
        ...(secret !== undefined && { token: secret }),
        ...(host !== undefined && { host }),
        ...(upstream !== undefined && { upstream }),
        ...(size !== undefined && { sizeBytes: size }),
      })
      print(context, command, shownExplanation(explanation))
    })
}

function shownExplanation(explanation: Explanation): Result {
  const { caller, upstream, kind, resource, file, price, access, limits, verdict, reason } = explanation
  const facts = textList({
    caller:
      caller &&
      `account ${caller.account}, project ${caller.project}, department ${caller.department}, plan ${caller.plan}`,
    token: caller?.token,
    upstream,
    request: kind && [kind, resource, file].filter(Boolean).join(' '),
    price,
    cost: estimateText(explanation),
    access: access && [access.effect, access.reason].filter(Boolean).join(': '),
    verdict: reason === verdict || reason === 'ok' ? verdict : `${verdict} (${reason})`,
    because: access?.effect === 'deny' ? undefined : explanation.because,
  })
  const tables = [
    ...(limits.length > 0 ? [textTable(limitRows(limits), '')] : []),
    ...(explanation.inFlight && explanation.inFlight.length > 0 ? [inFlightTable(explanation.inFlight)] : []),
  ]
  const { inFlight, ...rest } = explanation
  return {
    text: [facts, ...tables].join('\n'),
    json: {
      ...rest,
      estimate: estimateJson(explanation.estimate),
      limits: limits.map(limitJson),
      in_flight: inFlight?.map(inFlightJson) ?? null,
    },
  }
}

/** What the account has reserved and is not decided yet. */
function inFlightTable(reservations: readonly PendingReservation[]): string {
  const rows = reservations.map(({ id, atMs, state, booked, expiresAtMs, resource, file }) => ({
    'in flight': id,
    since: shownTime(atMs),
    of: [resource, file].filter(Boolean).join(' '),
    reserved: amountsText(booked),
    state,
    expires: shownTime(expiresAtMs),
  }))
  return textTable(rows, '')
}

function inFlightJson({ id, atMs, state, booked, expiresAtMs, resource, file }: PendingReservation): unknown {
  const times = { since: isoTime(atMs), expires: isoTime(expiresAtMs) }
  return { id, ...times, state, resource, file, reserved: estimateJson(booked) }
}

function estimateText({ estimate, isSizeKnown = true }: Explanation): string | undefined {
  if (estimate === undefined) return undefined
  const text = amountsText(estimate)
  if (text === 'nothing') return text
  return isSizeKnown || estimate.bytes === 0 ? text : `${text} (its size is not known here: say --size)`
}

function amountsText(amounts: Readonly<Record<Quantity, number>>): string {
  const taken = bookedQuantities.filter((quantity) => amounts[quantity] > 0)
  return taken.map((quantity) => amountWords(quantity, amounts[quantity])).join(', ') || 'nothing'
}

function wholeBytes(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('A size is a whole number of bytes.')
}

function estimateJson(estimate: Explanation['estimate']): unknown {
  if (estimate === undefined) return null
  const { requests, credits, bytes, gpu_ms: gpuMs } = estimate
  return { requests, credits: shownNumber('credits', credits), bytes, gpu_seconds: shownNumber('gpu_ms', gpuMs) }
}
