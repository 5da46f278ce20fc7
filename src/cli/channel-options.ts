import { Option } from 'commander'
import type { ChannelOwner } from '../manage/channel-ports.ts'

/** Whose channels, deliveries or events are meant. */
export interface OwnerOptions {
  readonly account?: string
  readonly project?: string
  readonly department?: string
  readonly installation?: true
}

/** At most one of them is given. */
export function ownerOptions(about: string): readonly Option[] {
  return [
    new Option('--account <id>', `${about} this account`).conflicts(['project', 'department', 'installation']),
    new Option('--project <id>', `${about} this project`).conflicts(['department', 'installation']),
    new Option('--department <id>', `${about} this department`).conflicts(['installation']),
    new Option('--installation', `${about} nobody, for everything`),
  ]
}

export function ownerOf({ account, project, department, installation }: OwnerOptions): ChannelOwner | undefined {
  if (account !== undefined) return { kind: 'account', id: account }
  if (project !== undefined) return { kind: 'project', id: project }
  if (department !== undefined) return { kind: 'department', id: department }
  return installation === true ? { kind: 'installation' } : undefined
}
