import { type Robot, startRobot } from './robot.ts'

const key = '693a91f6-7bd6-4bc4-97a0-0ec2f6f0a5aa'

/** A group robot of WeCom as https://developer.work.weixin.qq.com/document/path/91770 has it. */
export function startWecom(): Promise<Robot> {
  return startRobot({
    path: `/cgi-bin/webhook/send?key=${key}`,
    perMinuteMax: 20,
    tooMany: { code: 45009, text: 'api freq out of limit, hint: [1700000000_1_abc], from ip: 127.0.0.1' },
    unread: { code: 40008, text: 'invalid message type' },
    judge: (body, { path }) => {
      if (new URL(path, 'http://robot').searchParams.get('key') !== key) {
        return { code: 93000, text: 'invalid webhook url, hint: [1700000000_1_abc], from ip: 127.0.0.1' }
      }
      if (body['msgtype'] !== 'markdown') return { code: 40008, text: 'invalid message type' }
      const { content } = body['markdown'] as { readonly content: string }
      if (content === '') return { code: 44004, text: 'empty content' }
      if (Buffer.byteLength(content) > 4_096) {
        return { code: 40058, text: 'markdown.content exceed max length 4096. invalid Request Parameter' }
      }
      return { code: 0, text: 'ok' }
    },
    reply: ({ code, text }) => ({ status: 200, text: JSON.stringify({ errcode: code, errmsg: text }) }),
  })
}
