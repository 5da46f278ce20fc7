/** A kind of file that envoyproxy/ratelimit loads and Tollgate's import refuses, on purpose. */
interface RefusedFile {
  readonly id: string
  /** As it stands in docs/guides/migrate-from-ratelimit.md, word for word. */
  readonly title: string
  readonly reason: string
  /** What the import says about it. */
  readonly said: RegExp
}

/** The whole list: the run fails on a refusal that is not here. */
export const refusedFiles: readonly RefusedFile[] = [
  {
    id: 'wrong-level',
    title: 'A field at the wrong level of the file is an error',
    reason:
      'The reference knows one list of names for all levels, and reads over a name that means nothing where it stands.',
    said: /does not belong here/,
  },
  {
    id: 'duplicate-field',
    title: 'A field that is there twice is an error',
    reason: 'The reference takes the last one.',
    said: /is there twice: keep one of them/,
  },
  {
    id: 'left-empty',
    title: 'A field that is left empty is an error',
    reason: 'The reference takes an empty `value` for any value, and an empty `rate_limit` for none.',
    said: /is empty: |not nothing$/,
  },
  {
    id: 'missing-amount',
    title: 'A limit without `requests_per_unit` is an error',
    reason: 'The reference takes it for 0 and refuses everything.',
    said: /this rate_limit has no requests_per_unit/,
  },
  {
    id: 'idle-mode',
    title: 'A mode without a limit is an error',
    reason: 'The reference reads over `shadow_mode` and its like where the descriptor has no `rate_limit` of its own.',
    said: /is about the rate_limit of the same descriptor/,
  },
  {
    id: 'idle-amount',
    title: 'An amount or a unit beside `unlimited: true` is an error',
    reason: 'The reference refuses a unit that there is, and reads over the rest.',
    said: /means nothing beside unlimited/,
  },
  {
    id: 'star-in-key',
    title: 'A key that ends in `*` and has no value is an error',
    reason: 'The reference matches it against the key joined with the value, so that it hits other keys too.',
    said: /a key with \* at its end|share_threshold is for values with \*/,
  },
  {
    id: 'reserved-key',
    title: 'A key `rid` is an error',
    reason:
      'It names whose request it is, by a ticket that Check signed, and any other value of it is refused. The reference takes it for a key like any other: rename `key` in the file and `descriptor_key` in Envoy.',
    said: /^the key "rid" is kept/,
  },
  {
    id: 'star-inside',
    title: 'A `*` that is not at the end of a value must be meant',
    reason: 'The reference takes it as it stands. With `--as-reference` it is an error.',
    said: /the reference takes a \* that is not at the end as it stands/,
  },
  {
    id: 'other-numbers',
    title: 'Numbers are plain digits, and flags are `true` or `false`',
    reason: 'The reference reads YAML 1.1: 010 is 8, 1_000 is 1000, and yes is true.',
    said: /in plain digits|is true or false, not/,
  },
  {
    id: 'second-document',
    title: 'A second document in a file is an error',
    reason: 'The reference reads the first one and no more.',
    said: /a second document begins here/,
  },
  {
    id: 'tags-and-anchors',
    title: 'Tags, and anchors that are given twice, are errors',
    reason: 'The reference takes both.',
    said: /^the tag|is given twice: name one otherwise/,
  },
  {
    id: 'bounds',
    title: 'Paths, texts and files have bounds',
    reason:
      'At most 10 entries to a path, 255 characters to a key, a domain and a name, 1,000 to a value, 50 names to replace, no NUL and no control characters in domains and names, 8 MB to a file, 50,000 limits to an import, UTF-8.',
    said: /more than \d+|control characters|characters that are no text|is not a text in UTF-8/,
  },
  {
    id: 'other-yaml',
    title: 'What is not YAML 1.2 to the end of the file is an error',
    reason:
      'The reference stops where a line is indented less than the first one, and loses the rest without a word; and it reads YAML 1.1, which takes some texts otherwise.',
    said: /this is not YAML|the name of a field must be a text/,
  },
]

/** The entry that explains a fault of a file that the reference loads. */
export function refusalOf(said: string): RefusedFile | undefined {
  return refusedFiles.find((one) => one.said.test(said))
}
