import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import { Fault } from '../core/fault.ts'

/** Paths of PEM files. */
export interface TlsFiles {
  /** The certificate of the server and those between it and its authority. */
  readonly cert: string
  readonly key: string
  /** Authorities of clients: with it a client must show a certificate of theirs. */
  readonly clientCa?: string
}

/** What the files hold, checked: it belongs together and OpenSSL takes it. */
export interface TlsMaterial {
  readonly cert: Buffer
  readonly key: Buffer
  readonly ca?: Buffer
  readonly notAfterMs: number
}

/** The files as they are now. `digest` tells one state from another, also one that cannot be read. */
export interface TlsLook {
  readonly digest: string
  /** Throws a `Fault` of code `settings_invalid` that names the setting and the file. */
  material(): TlsMaterial
}

const settings = {
  cert: 'TOLLGATE_GRPC_TLS_CERT',
  key: 'TOLLGATE_GRPC_TLS_KEY',
  clientCa: 'TOLLGATE_GRPC_CLIENT_CA',
} as const
type Part = keyof typeof settings

/** Reads the files. Never rejects: what is wrong is told by `material`. */
export async function readTlsFiles(files: TlsFiles): Promise<TlsLook> {
  const read = await Promise.all([
    readPart('cert', files.cert),
    readPart('key', files.key),
    ...(files.clientCa === undefined ? [] : [readPart('clientCa', files.clientCa)]),
  ])
  const hash = createHash('sha256')
  for (const { bytes, unread } of read) hash.update(`${unread?.message ?? bytes.length}:`).update(bytes)
  return {
    digest: hash.digest('hex'),
    material: () => checked(read),
  }
}

interface ReadPart {
  readonly part: Part
  readonly path: string
  readonly bytes: Buffer
  readonly unread?: Fault
}

async function readPart(part: Part, path: string): Promise<ReadPart> {
  try {
    return { part, path, bytes: await readFile(path) }
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    return { part, path, bytes: Buffer.alloc(0), unread: fault({ part, path }, `cannot be read: ${code}`, cause) }
  }
}

function checked([cert, key, ca]: readonly ReadPart[]): TlsMaterial {
  if (cert === undefined || key === undefined) throw new Fault('internal', 'TLS needs a certificate and a key')
  for (const one of [cert, key, ca]) if (one?.unread) throw one.unread
  const [leaf] = certificatesIn(cert)
  const privateKey = tryTo(key, 'holds no private key in PEM without a passphrase', () => createPrivateKey(key.bytes))
  if (!leaf?.checkPrivateKey(privateKey)) throw fault(key, `does not belong to the certificate in ${cert.path}`)
  if (ca !== undefined) certificatesIn(ca)
  const context = { cert: cert.bytes, key: key.bytes, ...(ca && { ca: ca.bytes }) }
  tryTo(cert, 'is not taken by OpenSSL', () => createSecureContext(context))
  return { ...context, notAfterMs: leaf.validToDate.getTime() }
}

const pemBlock = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g

/** At least one. */
function certificatesIn(read: ReadPart): readonly X509Certificate[] {
  const blocks = read.bytes.toString('latin1').match(pemBlock) ?? []
  if (blocks.length === 0) throw fault(read, 'holds no certificate in PEM')
  return blocks.map((block) => tryTo(read, 'holds a broken certificate', () => new X509Certificate(block)))
}

function tryTo<T>(read: ReadPart, otherwise: string, run: () => T): T {
  try {
    return run()
  } catch (cause) {
    throw fault(read, otherwise, cause)
  }
}

function fault({ part, path }: Pick<ReadPart, 'part' | 'path'>, what: string, cause?: unknown): Fault {
  return new Fault('settings_invalid', `${settings[part]} ${path} ${what}`, { cause })
}
