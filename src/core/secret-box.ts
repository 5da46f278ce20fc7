/** Secrets that policy rows refer to: `env:NAME`, `file:/path`, `sealed:…`, or the plain text itself. */
export interface SecretBox {
  /** The text sealed, to be kept in a row; only this installation's key opens it again. */
  seal(plain: string): string
  /** What a reference stands for; undefined when it cannot be had (no such variable or file, sealed by another key). */
  open(reference: string): Promise<string | undefined>
}
