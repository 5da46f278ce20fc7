import { Fault } from '../core/fault.ts'
import type { Directory, ListedToken, TokenHolder } from './ports.ts'

/** The account as a holder of tokens. Throws a `Fault` of code `not_found`. */
export async function holderOf(directory: Directory, account: string): Promise<TokenHolder> {
  const holder = await directory.holder(account)
  if (holder === undefined) throw new Fault('not_found', `There is no account ${account}`)
  return holder
}

/** The token with its holder. Throws a `Fault` of code `not_found`. */
export async function tokenWithHolder(
  directory: Directory,
  id: string,
): Promise<{ readonly token: ListedToken; readonly holder: TokenHolder }> {
  const token = await directory.token(id)
  if (token === undefined) throw noToken(id)
  return { token, holder: await holderOf(directory, token.account) }
}

export function noToken(id: string): Fault {
  return new Fault('not_found', `There is no token ${id}; \`tollgate token list\` shows all ids`)
}
