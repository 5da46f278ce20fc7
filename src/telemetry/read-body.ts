import type { IncomingMessage } from 'node:http'

/** The body of a request; undefined when it is longer than that, the rest of which is read and forgotten, so that the caller gets to
 * reading the answer. Rejects when the caller leaves before its end. */
export function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer | undefined> {
  const parts: Buffer[] = []
  let bytes = 0
  return new Promise((resolve, reject) => {
    request.on('data', (part: Buffer) => {
      bytes += part.length
      if (bytes <= bytesMax) parts.push(part)
      else resolve(undefined)
    })
    request.once('end', () => resolve(Buffer.concat(parts)))
    request.once('close', () => reject(new Error('The caller left')))
    request.once('error', reject)
  })
}
