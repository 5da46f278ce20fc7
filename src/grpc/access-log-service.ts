import type { AccessLogEntry } from '../core/access-log.ts'
import type { Observer } from '../telemetry/observer.ts'
import { decodeAccessLogEntry } from './access-log-entry.ts'
import type { ClientStream, Method } from './methods.ts'
import { lengthTag, WireReader } from './wire-reader.ts'

export interface AccessLogOptions {
  /** Takes entries in the order they came, with and without a ticket. The next message of a stream is read when it resolves. */
  readonly report: (entries: readonly AccessLogEntry[]) => Promise<void>
  readonly observer: Observer
  /** Entries of some stream may have been lost: it broke, could not be read, or its report failed. */
  readonly onBroke: () => void
}

const entriesPerMessageMax = 10_000
const nodeBytesMax = 256
const message = { identifier: lengthTag(1), httpLogs: lengthTag(2) }
const identifier = { node: lengthTag(1) }
const node = { id: lengthTag(1) }
const httpLogs = { entry: lengthTag(1) }
const nothing = Buffer.alloc(0)

/**
 * `envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs`. What cannot be read is counted and skipped; a report that fails is counted,
 * its reservations then expire at their estimate, as `onBroke` sees to. Nothing that comes in a stream ends it.
 */
export function createAccessLogMethod(options: AccessLogOptions): Method {
  return {
    kind: 'client-stream',
    path: '/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs',
    open: () => new AccessLogStream(options),
  }
}

class AccessLogStream implements ClientStream {
  readonly #options: AccessLogOptions
  #node = ''

  constructor(options: AccessLogOptions) {
    this.#options = options
    options.observer.count('access_log_streams_total', { event: 'opened' })
  }

  async take(bytes: Buffer): Promise<void> {
    const { report, observer, onBroke } = this.#options
    const entries = this.#read(bytes)
    if (entries.length === 0) return
    try {
      await report(entries)
    } catch (error) {
      observer.count('access_log_reports_failed_total', {}, entries.length)
      observer.warn('report_failed', { error, entries: entries.length })
      onBroke()
    }
  }

  end({ isWhole }: { readonly isWhole: boolean }): Buffer {
    const { observer, onBroke } = this.#options
    observer.count('access_log_streams_total', { event: isWhole ? 'closed' : 'broken' })
    if (!isWhole) onBroke()
    return nothing
  }

  #read(bytes: Buffer): readonly AccessLogEntry[] {
    const { observer, onBroke } = this.#options
    const split = splitMessage(bytes)
    if (split.node !== '') this.#node = split.node
    const entries = split.entries.map((encoded) => decodeAccessLogEntry(encoded, this.#node)).filter(isRead)
    const unread = split.faults + split.entries.length - entries.length
    const unchecked = entries.filter(({ checked }) => !checked).length
    if (unread > 0) {
      observer.count('access_log_unreadable_total', {}, unread)
      onBroke()
    }
    if (unchecked > 0) observer.count('access_log_unchecked_total', {}, unchecked)
    return entries
  }
}

function isRead(entry: AccessLogEntry | undefined): entry is AccessLogEntry {
  return entry !== undefined
}

interface SplitMessage {
  readonly node: string
  readonly entries: readonly Buffer[]
  /** 1 when the message itself could not be read to its end, and one for each entry beyond the bound. */
  readonly faults: number
}

/** Cuts a StreamAccessLogsMessage into its entries, unread. What stands before a fault is kept. */
function splitMessage(bytes: Buffer): SplitMessage {
  const entries: Buffer[] = []
  let id = ''
  let faults = 0
  const reader = new WireReader(bytes)
  try {
    while (reader.next()) {
      if (reader.tag === message.identifier) id = readNode(reader.bytes())
      else if (reader.tag === message.httpLogs) faults += readEntries(new WireReader(reader.bytes()), entries)
      else reader.skip()
    }
  } catch {
    faults += 1
  }
  return { node: id, entries, faults }
}

/** Appends to `into` and answers how many were too many. */
function readEntries(reader: WireReader, into: Buffer[]): number {
  let tooMany = 0
  while (reader.next()) {
    if (reader.tag !== httpLogs.entry) reader.skip()
    else if (into.length < entriesPerMessageMax) into.push(reader.bytes())
    else {
      reader.skip()
      tooMany += 1
    }
  }
  return tooMany
}

function readNode(bytes: Buffer): string {
  const outer = new WireReader(bytes)
  let id = ''
  while (outer.next()) {
    if (outer.tag !== identifier.node) {
      outer.skip()
      continue
    }
    const inner = new WireReader(outer.bytes())
    while (inner.next()) {
      if (inner.tag === node.id) id = inner.boundedText(nodeBytesMax)
      else inner.skip()
    }
  }
  return id
}
