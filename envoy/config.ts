/** A part of Envoy's configuration: plain JSON. */
export type Config = Readonly<Record<string, unknown>>

export interface TcpAddress {
  readonly host: string
  /** 0 = any free one. */
  readonly port: number
}

export interface MeshUpstream {
  /** The `id` of its row in `tollgate.upstream`. */
  readonly id: string
  readonly address: TcpAddress
  /** Requests under this path go here, and reach the server without it; `/` takes what no other has taken. */
  readonly prefix: string
  /** Only requests for this host; absent: for any. */
  readonly host?: string
  /** What the server has in front of its own paths, such as `/root/`; `/` when absent. */
  readonly path?: string
  /** Asked over TLS under this name, whose certificate an authority of the file vouches for; `authority` is the Host it is asked for. */
  readonly tls?: { readonly name: string; readonly authority: string; readonly authoritiesFile: string }
}

export function socketAddress({ host, port }: TcpAddress): Config {
  return { socket_address: { address: host, port_value: port } }
}
