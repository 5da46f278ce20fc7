import { fork } from 'node:child_process'
import { type Asked, processVariable, type Question, type Told } from './supervisor-link.ts'

/** How a process ended; both undefined: it could not be started. */
export interface ProcessEnd {
  readonly code?: number
  readonly signal?: string
}

/** One child that runs `tollgate serve`. */
export interface ServingProcess {
  readonly pid: number | undefined
  readonly ended: Promise<ProcessEnd>
  /** Resolves true when it serves Envoy, false when it ended before. */
  readonly ready: Promise<boolean>
  /** Undefined when it does not answer in time. */
  ask(about: Question, body?: string): Promise<string | undefined>
  signal(name: 'SIGTERM' | 'SIGKILL'): void
}

const answerMsMax = 1_000

export function startServingProcess(start: {
  readonly program: string
  /** Among those of one supervisor. */
  readonly name: string
  readonly environment: Readonly<Record<string, string | undefined>>
}): ServingProcess {
  const child = fork(start.program, ['serve'], { env: { ...start.environment, [processVariable]: start.name } })
  const ended = Promise.withResolvers<ProcessEnd>()
  const ready = Promise.withResolvers<boolean>()
  const waiting = new Map<number, (answer: string | undefined) => void>()
  let asks = 0
  const end = (how: ProcessEnd): void => {
    ended.resolve(how)
    ready.resolve(false)
    for (const answered of waiting.values()) answered(undefined)
  }
  child.once('error', () => end({}))
  child.once('exit', (code, signal) => end(signal === null ? { code: code ?? 1 } : { signal }))
  child.on('message', (told: Told) => {
    if ('ready' in told) ready.resolve(true)
    else waiting.get(told.ask)?.(told.answer)
  })
  return {
    pid: child.pid,
    ended: ended.promise,
    ready: ready.promise,
    async ask(about, body = '') {
      if (!child.connected) return undefined
      asks += 1
      const ask = asks
      const answer = Promise.withResolvers<string | undefined>()
      waiting.set(ask, answer.resolve)
      const timer = setTimeout(() => answer.resolve(undefined), answerMsMax)
      const asked: Asked = { ask, about, body }
      child.send(asked, (error) => error && answer.resolve(undefined))
      return answer.promise.finally(() => {
        clearTimeout(timer)
        waiting.delete(ask)
      })
    },
    signal(name) {
      child.kill(name)
    },
  }
}
