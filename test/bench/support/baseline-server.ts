import { Server, ServerCredentials } from '@grpc/grpc-js'

/** grpc-js doing nothing: Buffers in, one ready-made reply out. Prints `ready` once it listens on the unix socket given as argument. */
const socket = process.argv[2] ?? ''
const reply = Buffer.from('0a0012001a00', 'hex')
const bytes = (buffer: Buffer): Buffer => buffer
const server = new Server()
server.addService(
  {
    check: {
      path: '/envoy.service.auth.v3.Authorization/Check',
      requestStream: false,
      responseStream: false,
      requestSerialize: bytes,
      requestDeserialize: bytes,
      responseSerialize: bytes,
      responseDeserialize: bytes,
    },
  },
  { check: (_call: unknown, done: (error: null, reply: Buffer) => void) => done(null, reply) },
)
server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) => {
  if (error) throw error
  process.stdout.write('ready\n')
})
