import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Certificate {
  /** Paths of PEM files. */
  readonly cert: string
  readonly key: string
}

export interface Leaf {
  /** Common name. */
  readonly name: string
  /** Subject alternative names as openssl writes them (`DNS:localhost,IP:127.0.0.1`); none at all when empty. */
  readonly alsoNamed?: string
  readonly isExpired?: boolean
}

/** An authority of its own, made by openssl in a folder of the test's. */
export interface Authority extends Certificate {
  issue(leaf: Leaf): Certificate
}

const local = 'DNS:localhost,IP:127.0.0.1'
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
let made = 0

export function createAuthority(folder: string, name = 'Test authority'): Authority {
  const openssl = (...words: readonly string[]): void => void execFileSync('openssl', words, { stdio: 'pipe' })
  const files = (): Certificate => {
    made += 1
    return { cert: join(folder, `${made}.pem`), key: join(folder, `${made}.key`) }
  }
  const own = files()
  const extension = ['-addext', 'keyUsage=critical,keyCertSign,cRLSign']
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    own.key,
    '-out',
    own.cert,
    '-subj',
    `/CN=${name}`,
    '-days',
    '2',
    ...extension,
  )
  return {
    ...own,
    issue({ name: common, alsoNamed = local, isExpired = false }) {
      const leaf = files()
      const [request, extensions] = [`${leaf.cert}.csr`, `${leaf.cert}.ext`]
      writeFileSync(extensions, alsoNamed === '' ? 'keyUsage=digitalSignature\n' : `subjectAltName=${alsoNamed}\n`)
      openssl('req', ...newKey, '-keyout', leaf.key, '-out', request, '-subj', `/CN=${common}`)
      const by = ['-CA', own.cert, '-CAkey', own.key, '-set_serial', String(made)]
      const days = isExpired ? '-1' : '2'
      openssl('x509', '-req', '-in', request, ...by, '-out', leaf.cert, '-days', days, '-extfile', extensions)
      return leaf
    },
  }
}

/** The files' contents, as TLS libraries take them. */
export function read({ cert, key }: Certificate): { readonly cert: Buffer; readonly key: Buffer } {
  return { cert: readFileSync(cert), key: readFileSync(key) }
}
