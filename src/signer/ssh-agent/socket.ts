/**
 * One connection to an SSH agent. The only file that knows `node:net`, which is loaded when such a
 * key is named and not before; it connects to a Unix socket and to nothing else.
 */
import { statSync } from 'node:fs'
import type { Socket } from 'node:net'
import { CantosignError } from '../../base/errors.ts'
import { escapeText } from '../../base/text.ts'
import { reasonOf } from '../../host/reading.ts'
import { timeoutFault } from '../timeout.ts'
import { answerFault, frame, MAX_AGENT_MESSAGE_BYTES } from './protocol.ts'

export interface AgentConnection {
  /**
   * Sends a message and waits for the answer to it. One at a time.
   * @returns the answer without its length
   * @throws CantosignError `agent-unreachable`, `agent-answer`, `signer-timeout`
   */
  ask(message: Uint8Array): Promise<Uint8Array>
  close(): void
}

function unreachableAgent(path: string, reason: string, cause?: unknown): CantosignError {
  return new CantosignError(
    'agent-unreachable',
    `no SSH agent answers at ${escapeText(path)}: ${reason}`,
    'start the agent, and give its socket: SSH_AUTH_SOCK or ssh-agent:FINGERPRINT?socket=/PATH',
    { cause },
  )
}

/** Waits for one whole answer; whatever comes behind it is a fault. */
class Answers {
  #received = Buffer.alloc(0)
  #waiting: { resolve: (answer: Uint8Array) => void; reject: (fault: Error) => void } | undefined
  #fault: Error | undefined

  async next(): Promise<Uint8Array> {
    return await new Promise((resolve, reject) => {
      if (this.#fault === undefined) this.#waiting = { resolve, reject }
      else reject(this.#fault)
    })
  }

  add(bytes: Uint8Array): void {
    this.#received = Buffer.concat([this.#received, bytes])
    if (this.#waiting === undefined) {
      this.fail(answerFault('speaks without being asked'))
      return
    }
    if (this.#received.length < 4) return
    const length = this.#received.readUInt32BE(0)
    if (length === 0 || length > MAX_AGENT_MESSAGE_BYTES) {
      this.fail(answerFault(`gives an answer of ${length} bytes`))
    } else if (this.#received.length > 4 + length) {
      this.fail(answerFault('gives more than one answer'))
    } else if (this.#received.length === 4 + length) {
      const answer = new Uint8Array(this.#received.subarray(4))
      const { resolve } = this.#waiting
      this.#received = Buffer.alloc(0)
      this.#waiting = undefined
      resolve(answer)
    }
  }

  fail(fault: Error): void {
    this.#fault ??= fault
    this.#waiting?.reject(this.#fault)
    this.#waiting = undefined
  }
}

async function connect(path: string): Promise<Socket> {
  try {
    if (!statSync(path).isSocket()) throw unreachableAgent(path, 'it is no socket')
  } catch (cause) {
    if (cause instanceof CantosignError) throw cause
    throw unreachableAgent(path, reasonOf(cause), cause)
  }
  const { createConnection } = await import('node:net')
  return await new Promise((resolve, reject) => {
    const socket = createConnection({ path })
    socket.once('error', (cause) => {
      reject(unreachableAgent(path, reasonOf(cause), cause))
    })
    socket.once('connect', () => {
      resolve(socket)
    })
  })
}

/**
 * Connects to the agent at a Unix socket.
 * @throws CantosignError `agent-unreachable`
 */
export async function connectAgent(path: string, milliseconds: number): Promise<AgentConnection> {
  const name = `the SSH agent at ${escapeText(path)}`
  const socket = await connect(path)
  const answers = new Answers()
  socket.on('data', (bytes) => {
    answers.add(bytes)
  })
  socket.on('error', (cause) => {
    answers.fail(unreachableAgent(path, reasonOf(cause), cause))
  })
  socket.on('close', () => {
    answers.fail(unreachableAgent(path, 'it ended the connection'))
  })
  return {
    ask: async (message) => {
      const timer = setTimeout(() => {
        answers.fail(timeoutFault(name, milliseconds))
      }, milliseconds)
      try {
        const answer = answers.next()
        socket.write(frame(message))
        return await answer
      } catch (fault) {
        socket.destroy()
        throw fault
      } finally {
        clearTimeout(timer)
      }
    },
    close: () => {
      socket.destroy()
    },
  }
}
