import type { DescriptorAmount, DescriptorRule, DescriptorStep } from './descriptor-rule.ts'

/** A limit that came with the call has no path. */
const withoutPath = 'override'
const lengthMax = 60
const cut = '...'

/**
 * What people read of a limit: its name, else what its path says, as `path=/api/*, remote_address`; of the latter at most 60 characters.
 * Not its row's id, which may be made by a program. Of two limits without a name on one path it is the same;
 * `ruleTitleApart` tells them apart.
 */
export function ruleTitle({ name, steps }: Pick<DescriptorRule, 'name' | 'steps'>): string {
  if (name !== undefined && name !== '') return name
  if (steps.length === 0) return withoutPath
  return shortened(steps.map(stepText).join(', '))
}

/** Its title, and what tells it from other limits of its path. */
export function ruleTitleApart(rule: Pick<DescriptorRule, 'name' | 'steps' | 'amount'>): string {
  return `${ruleTitle(rule)} ${spanText(rule.amount)}`
}

function spanText(amount: DescriptorAmount): string {
  if (amount.kind !== 'window' && amount.kind !== 'rate') return 'at once'
  const { unit, units, timeZone } = amount.period
  const period = `${units === 1 ? unit : `${units} ${unit}s`}${timeZone === undefined ? '' : ` in ${timeZone}`}`
  return amount.kind === 'rate' ? `steadily per ${period}` : `per ${period}`
}

function stepText({ key, match }: DescriptorStep): string {
  switch (match.kind) {
    case 'any':
      return key
    case 'regex':
      return `${key}~${match.pattern}`
    case 'cidr':
      return `${key}=${match.cidr}`
    default:
      return `${key}=${match.value}`
  }
}

/** By whole characters: half of one is none in a header. */
function shortened(text: string): string {
  const plain = text.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim()
  if (plain.length <= lengthMax) return plain
  return plain.slice(0, lengthMax - cut.length).replace(/[\ud800-\udbff]$/, '') + cut
}
