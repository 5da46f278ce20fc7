import { createClockedRedis } from '../support/clocked-redis.ts'
import { chargeStreamSuite } from './charge-stream.suite.ts'
import { spendStoreSuite } from './spend-store.suite.ts'

spendStoreSuite('in Redis', createClockedRedis)
chargeStreamSuite('in Redis', createClockedRedis)
