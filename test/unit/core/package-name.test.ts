import { expect, test } from 'vitest'
import { isPackageName, normalisePackageName, packageOfFile } from '../../../src/core/package-name.ts'

test.each([
  ['Friendly-Bard', 'friendly-bard'],
  ['FRIENDLY_bard', 'friendly-bard'],
  ['friendly.bard', 'friendly-bard'],
  ['friendly--bard', 'friendly-bard'],
  ['FrIeNdLy-._.-bArD', 'friendly-bard'],
])('normalisePackageName() makes %s the name of PEP 503', (name, normalised) => {
  expect(normalisePackageName(name)).toBe(normalised)
})

test.each(['', '-x', 'x-', '.', 'a b', 'é', 'a/b', 'a'.repeat(201)])('isPackageName() refuses %j', (text) => {
  expect(isPackageName(text)).toBe(false)
})

test.each([
  ['demo-1.0-py3-none-any.whl', 'demo'],
  ['Zope.Interface-5.0-1-cp311-cp311-manylinux_2_17_x86_64.whl', 'zope-interface'],
  ['ruamel_yaml_clib-0.2.8-cp311-cp311-win_amd64.whl', 'ruamel-yaml-clib'],
  ['torch-2.1.0+cu121-cp311-cp311-linux_x86_64.whl', 'torch'],
  ['pkg-1!2.0-py3-none-any.whl', 'pkg'],
  ['demo-1.0.tar.gz', 'demo'],
  ['demo_pkg-1.0.tar.gz', 'demo-pkg'],
  ['mysql-connector-python-8.0.33.tar.gz', 'mysql-connector-python'],
  ['python-2to3-1.0.tar.gz', 'python-2to3'],
  ['a-2-b-1.0.zip', 'a-2-b'],
  ['foo-2-1.0.tar.gz', 'foo-2'],
  ['pytz-2013b.tar.gz', 'pytz'],
  ['foo-1.0-1.tar.gz', 'foo'],
  ['foo-1.0-beta2.tar.bz2', 'foo'],
  ['foo-1.0.post3.dev4+local.1.tar.gz', 'foo'],
  ['foo-v1.2.tgz', 'foo'],
  ['foo-0.1rc1.tar.xz', 'foo'],
  ['foo-1.0-py2.7.egg', 'foo'],
  ['foo-1.0.win32-py2.7.exe', 'foo'],
  ['DEMO-1.0.TAR.GZ', 'demo'],
  ['demo-1.0.tar.gz.asc', 'demo'],
  ['foo-snapshot.tar.gz', 'foo'],
  ['foo.zip', 'foo'],
])('packageOfFile() finds the package of %s', (file, name) => {
  expect(packageOfFile(file)).toBe(name)
})

test.each(['index.html', 'demo', '', '.whl', '-1.0.tar.gz', 'a b-1.0.tar.gz'])(
  'packageOfFile() finds none in %j',
  (file) => {
    expect(packageOfFile(file)).toBe('')
  },
)
