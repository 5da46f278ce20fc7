import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  BasicConstraints,
  Certificate as CertificateForm,
  Extension,
  Extensions,
  GeneralName,
  id_ce_basicConstraints,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509'

export interface Certificate {
  /** Paths of PEM files. */
  readonly cert: string
  readonly key: string
}

export interface Leaf {
  /** Common name. */
  readonly name: string
  /** Subject alternative names (`DNS:localhost`, `IP:127.0.0.1`, `URI:…`, `email:…`, `directory:` and a common name), taken as they are; none at all when empty. */
  readonly alsoNamed?: readonly string[]
  readonly isExpired?: boolean
}

/** An authority of its own, whose files lie in a folder of the test's. */
export interface Authority extends Certificate {
  issue(leaf: Leaf): Certificate
}

const local = ['DNS:localhost', 'IP:127.0.0.1']
const dayMs = 86_400_000
const commonNameId = '2.5.4.3'
const ecdsaWithSha256Id = '1.2.840.10045.4.3.2'
let made = 0

export function createAuthority(folder: string, name = 'Test authority'): Authority {
  const store = (form: CertificateForm, key: KeyObject): Certificate => {
    made += 1
    const files = { cert: join(folder, `${made}.pem`), key: join(folder, `${made}.key`) }
    const base64 = Buffer.from(AsnConvert.serialize(form)).toString('base64')
    const lines = base64.match(/.{1,64}/g) ?? []
    writeFileSync(files.cert, ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'))
    writeFileSync(files.key, key.export({ type: 'pkcs8', format: 'pem' }))
    return files
  }
  const own = newKeys()
  const issuer = { name, key: own.privateKey }
  const root = signed({ subject: name, publicKey: own.publicKey, extensions: ofAuthority(), isExpired: false }, issuer)
  return {
    ...store(root, own.privateKey),
    issue({ name: subject, alsoNamed = local, isExpired = false }) {
      const { publicKey, privateKey } = newKeys()
      return store(signed({ subject, publicKey, extensions: ofLeaf(alsoNamed), isExpired }, issuer), privateKey)
    },
  }
}

/** The files' contents, as TLS libraries take them. */
export function read({ cert, key }: Certificate): { readonly cert: Buffer; readonly key: Buffer } {
  return { cert: readFileSync(cert), key: readFileSync(key) }
}

function newKeys(): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
}

interface Signing {
  readonly subject: string
  readonly publicKey: KeyObject
  readonly extensions: Extensions
  readonly isExpired: boolean
}

/** Valid from two days ago: until yesterday, or for two more days. */
function signed(
  { subject, publicKey, extensions, isExpired }: Signing,
  issuer: { readonly name: string; readonly key: KeyObject },
): CertificateForm {
  const nowMs = Date.now()
  const algorithm = new AlgorithmIdentifier({ algorithm: ecdsaWithSha256Id })
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: new Uint8Array([1, ...numberBytes(made + 1)]).buffer,
    signature: algorithm,
    issuer: named(issuer.name),
    validity: new Validity({
      notBefore: new Date(nowMs - 2 * dayMs),
      notAfter: new Date(nowMs + (isExpired ? -1 : 2) * dayMs),
    }),
    subject: named(subject),
    subjectPublicKeyInfo: AsnConvert.parse(publicKey.export({ type: 'spki', format: 'der' }), SubjectPublicKeyInfo),
    extensions,
  })
  const signature = sign('sha256', Buffer.from(AsnConvert.serialize(tbsCertificate)), issuer.key)
  return new CertificateForm({
    tbsCertificate,
    signatureAlgorithm: algorithm,
    signatureValue: new Uint8Array(signature).buffer,
  })
}

function numberBytes(value: number): readonly number[] {
  return [value >> 16, (value >> 8) & 0xff, value & 0xff]
}

function named(common: string): Name {
  const value = new AttributeValue({ utf8String: common })
  return new Name([new RelativeDistinguishedName([new AttributeTypeAndValue({ type: commonNameId, value })])])
}

function ofAuthority(): Extensions {
  const usage = new KeyUsage(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign)
  return new Extensions([
    extension(id_ce_basicConstraints, new BasicConstraints({ cA: true }), true),
    extension(id_ce_keyUsage, usage, true),
  ])
}

function ofLeaf(alsoNamed: readonly string[]): Extensions {
  if (alsoNamed.length === 0)
    return new Extensions([extension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.digitalSignature), false)])
  return new Extensions([
    extension(id_ce_subjectAltName, new SubjectAlternativeName(alsoNamed.map(alternative)), false),
  ])
}

function extension(extnID: string, value: object, critical: boolean): Extension {
  return new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) })
}

const kinds: Readonly<Record<string, (value: string) => Partial<GeneralName>>> = {
  DNS: (dNSName) => ({ dNSName }),
  IP: (iPAddress) => ({ iPAddress }),
  URI: (uniformResourceIdentifier) => ({ uniformResourceIdentifier }),
  email: (rfc822Name) => ({ rfc822Name }),
  directory: (common) => ({ directoryName: named(common) }),
}

function alternative(text: string): GeneralName {
  const [, kind = '', value = ''] = /^([^:]*):(.*)$/s.exec(text) ?? []
  const form = kinds[kind]
  if (form === undefined) throw new Error(`There is no subject alternative name of kind ${kind}`)
  return new GeneralName(form(value))
}
