import { expect, test } from 'vitest'
import { socketPaths } from '../../../src/compose/sockets.ts'
import { readSettings } from '../../../src/settings.ts'

test('socketPaths() names one socket as the settings say, and numbers several', () => {
  expect(socketPaths(readSettings({ TOLLGATE_DATA_FOLDER: '/run/t' }), 1)).toEqual(['/run/t/tollgate.sock'])
  expect(socketPaths(readSettings({ TOLLGATE_DATA_FOLDER: '/run/t' }), 2)).toEqual([
    '/run/t/tollgate-0.sock',
    '/run/t/tollgate-1.sock',
  ])
  expect(socketPaths(readSettings({ TOLLGATE_GRPC_SOCKET: '/run/a.b/gate' }), 2)).toEqual([
    '/run/a.b/gate-0',
    '/run/a.b/gate-1',
  ])
})

test('socketPaths() refuses a name that the system cannot take', () => {
  const settings = readSettings({ TOLLGATE_GRPC_SOCKET: `/${'x'.repeat(100)}.sock` })
  expect(() => socketPaths(settings, 2)).toThrow('is longer than 107 bytes')
})
