import { Server, ServerCredentials } from '@grpc/grpc-js'

/** grpc-js doing nothing: Buffers in, one ready-made reply out. Prints `ready` once it listens on the unix socket given as argument. */
const [, , socket = '', path = '/envoy.service.auth.v3.Authorization/Check'] = process.argv
// A CheckResponse of a few bytes; a RateLimitResponse that says OK with a status.
const reply = Buffer.from(path.endsWith('/Check') ? '0a0012001a00' : '080112020801', 'hex')
const bytes = (buffer: Buffer): Buffer => buffer
const server = new Server()
server.addService(
  {
    answer: {
      path,
      requestStream: false,
      responseStream: false,
      requestSerialize: bytes,
      requestDeserialize: bytes,
      responseSerialize: bytes,
      responseDeserialize: bytes,
    },
  },
  { answer: (_call: unknown, done: (error: null, reply: Buffer) => void) => done(null, reply) },
)
server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) => {
  if (error) throw error
  process.stdout.write('ready\n')
})
