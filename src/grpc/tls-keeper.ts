import { Fault } from '../core/fault.ts'
import type { Observer } from '../telemetry/observer.ts'
import { readTlsFiles, type TlsFiles, type TlsMaterial } from './tls-files.ts'

export interface TlsKeeperOptions {
  readonly files: TlsFiles
  /** Between two looks at the files; 2 s when absent. */
  readonly everyMs?: number
  readonly observer: Observer
  /** What `/readyz` says beside `ready`. */
  readonly warnings: Set<string>
  readonly nowMs: () => number
}

export interface TlsKeeper {
  readonly current: TlsMaterial
  /** Called with each new state of the files that is taken. */
  onTaken(listener: (material: TlsMaterial) => void): void
  close(): void
}

const defaultEveryMs = 2_000
const expired = 'The certificate in TOLLGATE_GRPC_TLS_CERT has expired'

/**
 * Reads the files and looks at them again and again; by content, so that it does not matter how they are replaced (a rename, a symbolic link
 * that a kubelet turns over, a write in place). A new state counts when two looks in a row have found it, since files are replaced one
 * after the other; one that is broken or has expired changes nothing, is counted, and told by `/readyz` until it is mended.
 * Faults at the start: `settings_invalid`, with the setting, the file and what is wrong.
 */
export async function createTlsKeeper(options: TlsKeeperOptions): Promise<TlsKeeper> {
  const first = await readTlsFiles(options.files)
  const keeper = new Keeper(options, { digest: first.digest, material: first.material() })
  keeper.start()
  return keeper
}

interface State {
  readonly digest: string
  readonly material: TlsMaterial
}

class Keeper implements TlsKeeper {
  readonly #options: TlsKeeperOptions
  readonly #listeners: ((material: TlsMaterial) => void)[] = []
  #inForce: State
  /** What the last look found, and what was found to be of no use. */
  #seen = ''
  #refused = ''
  #warning = ''
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: TlsKeeperOptions, inForce: State) {
    this.#options = options
    this.#inForce = inForce
  }

  get current(): TlsMaterial {
    return this.#inForce.material
  }

  onTaken(listener: (material: TlsMaterial) => void): void {
    this.#listeners.push(listener)
  }

  start(): void {
    this.#tellExpiry()
    this.#rest()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  #rest(): void {
    if (this.#isClosed) return
    this.#timer = setTimeout(() => void this.#look(), this.#options.everyMs ?? defaultEveryMs)
    this.#timer.unref()
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    const { digest, material } = await readTlsFiles(this.#options.files)
    if (this.#isClosed) return
    if (digest === this.#inForce.digest) this.#warn('')
    else if (digest === this.#seen && digest !== this.#refused) this.#take(digest, material)
    this.#seen = digest
    this.#tellExpiry()
    this.#rest()
  }

  #take(digest: string, read: () => TlsMaterial): void {
    const { observer, nowMs } = this.#options
    try {
      const material = read()
      if (material.notAfterMs <= nowMs()) throw new Fault('settings_invalid', 'The new certificate has expired')
      for (const listener of this.#listeners) listener(material)
      this.#inForce = { digest, material }
      this.#refused = ''
      this.#warn('')
      observer.count('tls_reloads_total', { result: 'taken' })
      observer.info('tls_reloaded', { notAfter: new Date(material.notAfterMs).toISOString() })
    } catch (error) {
      this.#refused = digest
      const why = error instanceof Error ? error.message : String(error)
      this.#warn(`The files of TLS are as they were before: ${why}`)
      observer.count('tls_reloads_total', { result: 'refused' })
      observer.warn('tls_reload_refused', { error })
    }
  }

  #warn(sentence: string): void {
    const { warnings } = this.#options
    if (sentence === '') this.#refused = ''
    warnings.delete(this.#warning)
    this.#warning = sentence
    if (sentence !== '') warnings.add(sentence)
  }

  #tellExpiry(): void {
    const { observer, warnings, nowMs } = this.#options
    const { notAfterMs } = this.current
    observer.set('tls_certificate_not_after_seconds', Math.floor(notAfterMs / 1_000))
    if (notAfterMs > nowMs()) warnings.delete(expired)
    else warnings.add(expired)
  }
}
