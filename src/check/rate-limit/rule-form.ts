import { isShared } from '../../core/counted-path.ts'
import type { DescriptorRule } from '../../core/descriptor-rule.ts'
import { markOf } from '../../core/hit-counter.ts'
import { headerName } from '../../core/rate-limit-headers.ts'

/** What of a rule every call needs and no call changes. */
export interface RuleForm {
  /** Tells its counters from those of other limits of its path. */
  readonly mark: string
  /** Values count together. */
  readonly isShared: boolean
  /** Its name, ready for a header. */
  readonly headerName: string
}

const forms = new WeakMap<DescriptorRule, RuleForm>()

export function formOf(rule: DescriptorRule): RuleForm {
  const known = forms.get(rule)
  if (known !== undefined) return known
  const form = { mark: markOf(rule), isShared: isShared(rule), headerName: headerName(rule.name ?? rule.id) }
  forms.set(rule, form)
  return form
}
