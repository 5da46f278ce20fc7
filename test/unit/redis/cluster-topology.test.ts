import { expect, test } from 'vitest'
import { readClusterUrl } from '../../../src/redis/cluster-store.ts'
import { topologyOf } from '../../../src/redis/cluster-topology.ts'

test('topologyOf() names the master of each slot, and every node to ask next time', () => {
  const { masters, nodes } = topologyOf(
    [
      [0, 99, ['10.0.0.1', 7000, 'id-1'], ['10.0.0.2', 7001, 'id-2']],
      [100, 199, ['fd00::3', 7002, 'id-3']],
    ],
    [5, 150, 99, 500],
    '10.0.0.9',
  )
  expect(masters).toEqual(['10.0.0.1:7000', '[fd00::3]:7002', '10.0.0.1:7000', undefined])
  expect(nodes).toEqual(['10.0.0.1:7000', '10.0.0.2:7001', '[fd00::3]:7002'])
})

test.each(['', '?'])('topologyOf() takes the host %j for the node that was asked', (host) => {
  expect(topologyOf([[0, 9, [host, 7000]]], [3], '10.0.0.9').masters).toEqual(['10.0.0.9:7000'])
})

test.each([
  ['redis+cluster://one', 'redis://one', ['one:6379']],
  ['redis+cluster://one:7000?also=two:7001,three:7002', 'redis://one:7000', ['one:7000', 'two:7001', 'three:7002']],
  ['rediss+cluster://user:secret@one:7000/', 'rediss://user:secret@one:7000/', ['one:7000']],
])('readClusterUrl() reads %s', (text, url, seeds) => {
  expect(readClusterUrl(text)).toEqual({ url, seeds })
})
