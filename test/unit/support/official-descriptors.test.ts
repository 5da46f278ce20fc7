import { loadFileDescriptorSetFromBuffer } from '@grpc/proto-loader'
import { expect, test } from 'vitest'
import { readOfficialDescriptors } from '../../support/official-descriptors.ts'

test('readOfficialDescriptors() holds the services of Envoy and the types they import', () => {
  const definitions = loadFileDescriptorSetFromBuffer(
    readOfficialDescriptors(
      'envoy/service/auth/v3/external_auth.proto',
      'envoy/service/ratelimit/v3/rls.proto',
      'envoy/service/accesslog/v3/als.proto',
    ),
  )
  expect(definitions).toHaveProperty(['envoy.service.auth.v3.Authorization', 'Check', 'path'])
  expect(definitions).toHaveProperty(['envoy.service.ratelimit.v3.RateLimitService', 'ShouldRateLimit', 'path'])
  expect(definitions).toHaveProperty(['envoy.service.accesslog.v3.AccessLogService', 'StreamAccessLogs', 'path'])
  expect(definitions).toHaveProperty(['google.protobuf.Struct', 'format'])
})

test('readOfficialDescriptors() says how to get descriptors that are not there', () => {
  expect(() => readOfficialDescriptors('envoy/nothing.proto')).toThrow('node scripts/bootstrap.mjs')
})
