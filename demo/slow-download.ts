import { get, type IncomingMessage } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

export interface SlowDownload {
  readonly url: string
  readonly token: string
  readonly bytesPerSecondMax: number
  /** Leaves as soon as this much has arrived. */
  readonly leaveAfterBytes: number
}

/**
 * Reads a download no faster than allowed and leaves it half way, as a person does who closes the laptop.
 *
 * @returns the bytes of the body that were read
 */
export async function leaveDownload(download: SlowDownload): Promise<number> {
  const response = await open(download)
  if (response.statusCode !== 200) {
    response.destroy()
    throw new Error(`The download answered ${response.statusCode}`)
  }
  const startedMs = performance.now()
  let receivedBytes = 0
  for await (const chunk of response) {
    receivedBytes += (chunk as Buffer).length
    if (receivedBytes >= download.leaveAfterBytes) break
    const aheadMs = (receivedBytes / download.bytesPerSecondMax) * 1_000 - (performance.now() - startedMs)
    if (aheadMs > 5) await delay(aheadMs)
  }
  response.destroy()
  return receivedBytes
}

function open({ url, token }: SlowDownload): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  get(url, { agent: false, headers: { authorization: `Bearer ${token}` } }, resolve).once('error', reject)
  return promise
}
