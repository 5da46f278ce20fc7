import { expect, test } from 'vitest'
import { chooseType } from '../../../demo/index-pages.ts'

const JSON_TYPE = 'application/vnd.pypi.simple.v1+json'

test.for([
  [
    'pip',
    'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01',
    JSON_TYPE,
  ],
  ['uv', 'application/vnd.pypi.simple.v1+json,application/vnd.pypi.simple.v1+html;q=0.2,text/html;q=0.01', JSON_TYPE],
  ['poetry', 'application/vnd.pypi.simple.v1+json, */*;q=0.1', JSON_TYPE],
  ['pip 20', 'text/html', 'text/html'],
  ['a browser', 'text/html,application/xhtml+xml,*/*;q=0.8', 'text/html'],
  ['nobody in particular', undefined, 'text/html'],
  ['someone else', 'image/png', 'text/html'],
] as const)('chooseType() gives %s what it likes best', ([, accept, type]) => {
  expect(chooseType(accept)).toBe(type)
})
