import type { SendResult } from '../alerts/ports.ts'
import { httpResult, quoted } from './http-result.ts'
import type { Answer } from './post.ts'

type Failure = Exclude<SendResult['kind'], 'sent'>

/** How one vendor's robots answer. */
export interface RobotAnswers {
  /** Names of the fields that hold the code, the first that is a number counts; 0 is success. */
  readonly codeFields: readonly string[]
  readonly textFields: readonly string[]
  /** What each known code means. */
  readonly codes: Readonly<Record<number, Failure>>
  /** What the text beside any other code means, the first that matches; and of codes that mean several things, before the code. */
  readonly texts: readonly { readonly pattern: RegExp; readonly means: Failure; readonly code?: number }[]
  /** How long a robot that had too much takes nothing. */
  readonly pauseMs: number
}

/**
 * How a robot took a message. Robots answer HTTP 200 on failure, so success is code 0 and nothing else: an answer without a code, such as the page
 * of a proxy, is none, and is tried again. Codes that are not known are tried again too.
 */
export function robotResult(answer: Answer, robot: RobotAnswers, nowMs: number): SendResult {
  if (answer.kind !== 'answered') return httpResult(answer, nowMs)
  const fields = fieldsOf(answer.text)
  const code = robot.codeFields.map((field) => fields[field]).find((value) => typeof value === 'number')
  const isOk = answer.status >= 200 && answer.status < 300
  if (code === undefined) {
    const why = `The robot answered ${answer.status} without a code${quoted(answer.text)}`
    return isOk ? { kind: 'again', why } : httpResult(answer, nowMs)
  }
  if (code === 0) return isOk ? { kind: 'sent' } : httpResult(answer, nowMs)
  const text = robot.textFields.map((field) => fields[field]).find((value) => typeof value === 'string') ?? ''
  const kind = meaningOf(robot, code, text)
  const why = `The robot answered ${code}${quoted(text)}`
  return kind === 'slower' ? { kind, why, retryAfterMs: robot.pauseMs } : { kind, why }
}

function meaningOf({ codes, texts }: RobotAnswers, code: number, text: string): Failure {
  const exact = texts.find((one) => one.code === code && one.pattern.test(text))
  const loose = texts.find((one) => one.code === undefined && one.pattern.test(text))
  return exact?.means ?? codes[code] ?? loose?.means ?? 'again'
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
  } catch {
    return {}
  }
}
