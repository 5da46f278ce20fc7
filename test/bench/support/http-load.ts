import { connect, type Socket } from 'node:net'

/** A bare HTTP/1.1 client over kept connections: it costs far less than the servers it measures. Answers must carry Content-Length. */
export interface HttpLoad {
  /** Sends ready-made bytes of one request; resolves with the status when the whole answer is there. */
  readonly call: (request: Uint8Array) => Promise<number>
  close(): void
}

interface Line {
  readonly socket: Socket
  waiting: ((status: number) => void) | undefined
  text: string
}

export async function openHttpLoad(port: number, connections: number): Promise<HttpLoad> {
  const free: Line[] = []
  const queue: ((line: Line) => void)[] = []
  const release = (line: Line): void => {
    const next = queue.shift()
    if (next === undefined) free.push(line)
    else next(line)
  }
  const lines = await Promise.all(Array.from({ length: connections }, () => open(port)))
  free.push(...lines)
  const take = (): Promise<Line> | Line => free.pop() ?? new Promise<Line>((resolve) => queue.push(resolve))
  return {
    async call(request) {
      const line = await take()
      const status = new Promise<number>((resolve) => {
        line.waiting = resolve
      })
      line.socket.write(request)
      const code = await status
      release(line)
      return code
    },
    close: () => {
      for (const { socket } of lines) socket.destroy()
    },
  }
}

async function open(port: number): Promise<Line> {
  const socket = connect(port, '127.0.0.1')
  socket.setNoDelay(true)
  await new Promise<void>((resolve, reject) => socket.once('connect', () => resolve()).once('error', reject))
  const line: Line = { socket, waiting: undefined, text: '' }
  socket.setEncoding('latin1')
  socket.on('data', (chunk) => {
    line.text += String(chunk)
    const head = line.text.indexOf('\r\n\r\n')
    if (head < 0) return
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(line.text)?.[1] ?? 0)
    if (line.text.length < head + 4 + length) return
    const status = Number(line.text.slice(9, 12))
    line.text = ''
    line.waiting?.(status)
  })
  return line
}

/** The bytes of a request with a token. */
export function httpRequest(what: string, token: string, body?: object): Buffer {
  const [method = 'GET', path = '/'] = what.split(' ')
  const text = body === undefined ? '' : JSON.stringify(body)
  const bodyLines = body === undefined ? '' : `content-type: application/json\r\ncontent-length: ${text.length}\r\n`
  return Buffer.from(
    `${method} ${path} HTTP/1.1\r\nhost: tollgate\r\nauthorization: Bearer ${token}\r\n${bodyLines}\r\n${text}`,
  )
}
