/** What is open at an address that may become another one. */
export interface Latest<T> {
  /** What is open at the address of now; what was open at another one is closed. Rejects as `find` does. */
  get(): Promise<T>
  close(): Promise<void>
}

interface Ways<T> {
  /** Asked each time. */
  readonly find: () => string
  readonly open: (address: string) => T
  readonly close: (opened: T) => Promise<void>
}

/** For work that goes on for days, while a server that it needs may be started anew somewhere else. */
export function createLatest<T>({ find, open, close }: Ways<T>): Latest<T> {
  let latest: { readonly address: string; readonly opened: T } | undefined
  const end = async (): Promise<void> => {
    const last = latest
    latest = undefined
    if (last !== undefined) await close(last.opened)
  }
  return {
    async get() {
      const address = find()
      if (latest?.address !== address) {
        await end()
        latest = { address, opened: open(address) }
      }
      return latest.opened
    },
    close: end,
  }
}
