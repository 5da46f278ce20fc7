import { Agent, request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

/** How a request is meant to end. */
export type Wish = 'whole' | 'part' | 'head' | 'missing' | 'unmodified' | 'leave'

/** The client's own book: one line per request. */
export interface Received {
  readonly file: string
  readonly wish: Wish
  /** 0: the connection broke before an answer. */
  status: number
  /** Bytes of body that arrived. */
  bytes: number
  /** What the origin has for this request. */
  readonly fullBytes: number
  isOver: boolean
}

export interface Downloads {
  readonly received: readonly Received[]
  /** Admitted and still downloading. */
  underWay(): number
  /** Lets requests under way come to their end; no others begin. */
  stop(): Promise<void>
}

export interface DownloadOptions {
  readonly baseUrl: string
  readonly token: string
  /** Begins every file's name. */
  readonly name: string
  /** Requests at one time. */
  readonly parallel: number
  /** How long an answer rests half-way, from half of this to one and a half. */
  readonly restMs: number
}

const refusedPauseMs = 200
/** What is asked for in turn: mostly whole files, and each way in which a request costs something else. */
const wishes: readonly Wish[] = [
  ...['whole', 'whole', 'whole', 'head', 'whole', 'whole', 'leave', 'whole', 'whole', 'part', 'whole'],
  ...['whole', 'missing', 'whole', 'whole', 'unmodified', 'whole', 'whole', 'whole', 'whole'],
] as readonly Wish[]

/** Downloads without pause, each file once, and writes down what arrived. */
export function startDownloads(options: DownloadOptions): Downloads {
  const received: Received[] = []
  const agent = new Agent({ keepAlive: true, maxSockets: options.parallel })
  let isStopping = false
  const work = async (): Promise<void> => {
    while (!isStopping) {
      const line = lineOf(received.length, options)
      received.push(line)
      await download(line, { ...options, agent })
      line.isOver = true
      if (line.status >= 400 && line.wish !== 'missing') await delay(refusedPauseMs)
    }
  }
  const workers = Array.from({ length: options.parallel }, work)
  return {
    received,
    underWay: () => received.filter(({ isOver, status }) => !isOver && status > 0 && status < 400).length,
    async stop() {
      isStopping = true
      await Promise.all(workers)
      agent.destroy()
    },
  }
}

function lineOf(index: number, { name, restMs }: DownloadOptions): Received {
  const wish = wishes[index % wishes.length] ?? 'whole'
  const sizeBytes = 10_000 + ((index * 7_919) % 50_000)
  const size = wish === 'missing' ? 'none' : `b${sizeBytes}h${Math.round(restMs * (0.5 + (index % 7) / 6))}`
  const file = `${name}n${index}${size}-1.0-py3-none-any.whl`
  return { file, wish, status: 0, bytes: 0, fullBytes: wish === 'part' ? 1_000 : sizeBytes, isOver: false }
}

const headersOf: Partial<Record<Wish, Readonly<Record<string, string>>>> = {
  part: { range: 'bytes=0-999' },
  unmodified: { 'if-none-match': '"known"' },
}

function download(line: Received, { baseUrl, token, agent }: DownloadOptions & { readonly agent: Agent }) {
  const { promise, resolve } = Promise.withResolvers<void>()
  const { wish, file } = line
  const sent = request(
    `${baseUrl}/packages/aa/${file}`,
    {
      method: wish === 'head' ? 'HEAD' : 'GET',
      agent,
      headers: { authorization: `Bearer ${token}`, ...headersOf[wish] },
    },
    (response) => {
      line.status = response.statusCode ?? 0
      response.on('data', (chunk: Buffer) => {
        line.bytes += chunk.length
        if (wish === 'leave' && line.status === 200) sent.destroy()
      })
      response.once('close', resolve)
    },
  )
  sent.once('error', () => resolve())
  sent.once('close', () => resolve())
  sent.end()
  return promise
}
