import { isShared } from '../../core/counted-path.ts'
import type { DescriptorRule } from '../../core/descriptor-rule.ts'
import { markOf } from '../../core/hit-counter.ts'
import { headerName } from '../../core/rate-limit-headers.ts'
import { ruleTitle } from '../../core/rule-title.ts'

/** What of a rule every call needs and no call changes. */
export interface RuleForm {
  /** Tells its counters from those of other limits of its path. */
  readonly mark: string
  /** Values count together. */
  readonly isShared: boolean
  /** What people read of it. */
  readonly title: string
  /** The same, ready for a header. */
  readonly headerName: string
}

const forms = new WeakMap<DescriptorRule, RuleForm>()

export function formOf(rule: DescriptorRule): RuleForm {
  const known = forms.get(rule)
  if (known !== undefined) return known
  const title = ruleTitle(rule)
  const form = { mark: markOf(rule), isShared: isShared(rule), title, headerName: headerName(title) }
  forms.set(rule, form)
  return form
}
