import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js'

/** CheckResponse { status {} ok_response {} } */
const ALLOW = Buffer.from([0x0a, 0x00, 0x1a, 0x00])
/** HealthCheckResponse { status: SERVING } */
const SERVING = Buffer.from([0x08, 0x01])

const raw = (bytes: Buffer): Buffer => bytes

function method(path: string) {
  return {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: raw,
    requestDeserialize: raw,
    responseSerialize: raw,
    responseDeserialize: raw,
  }
}

/** An authorization server that lets everything pass, so that Envoy's configuration is tested without Tollgate. */
export async function startAllowAll(socket: string): Promise<() => void> {
  const server = new Server()
  const answer = (reply: Buffer) => (_call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) =>
    done(null, reply)
  server.addService({ check: method('/envoy.service.auth.v3.Authorization/Check') }, { check: answer(ALLOW) })
  server.addService({ check: method('/grpc.health.v1.Health/Check') }, { check: answer(SERVING) })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve()))
  await promise
  return () => server.forceShutdown()
}
