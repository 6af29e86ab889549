/** The person at the terminal: questions, typed confirmations and passphrases. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { CantosignError } from '../base/errors.ts'

export interface Terminal {
  /** True if a person can be asked. */
  readonly interactive: boolean
  /**
   * Shows the question and returns the line that was typed, without its end.
   * @throws CantosignError `no-terminal`, `declined` at the end of input
   */
  ask(question: string): Promise<string>
  /**
   * Shows the prompt and reads a line without echo.
   * @returns the bytes typed; the caller wipes them.
   * @throws CantosignError `no-terminal`, `declined` at the end of input, `interrupted` on Ctrl-C,
   * `passphrase-invalid` on a line that is too long or holds a control character
   */
  readSecret(prompt: string): Promise<Uint8Array>
}

/** The controlling terminal of the process, whatever its standard streams are. */
const DEVICE = '/dev/tty'

/** Longer lines are refused, not cut. */
const MAX_LINE_BYTES = 4096

const CTRL_C = 0x03
const CTRL_D = 0x04
const CTRL_H = 0x08
const CTRL_U = 0x15
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const DELETE = 0x7f

function openDevice(): number | undefined {
  try {
    return openSync(DEVICE, 'r+')
  } catch {
    return undefined // no controlling terminal, whatever the system calls it
  }
}

const declined = (): CantosignError =>
  new CantosignError(
    'declined',
    'the input ended without an answer',
    'start again and answer the question',
  )

const invalid = (message: string): CantosignError =>
  new CantosignError('passphrase-invalid', message, 'start again and type it anew')

/** Takes bytes as they are typed; gives the line once it is complete. Wiped by its owner. */
export class SecretLine {
  readonly #bytes = new Uint8Array(MAX_LINE_BYTES)
  #length = 0

  /**
   * @returns true once the line is complete
   * @throws CantosignError `interrupted`, `declined`, `passphrase-invalid`
   */
  type(byte: number): boolean {
    switch (byte) {
      case LINE_FEED:
      case CARRIAGE_RETURN:
        return true
      case CTRL_C:
        throw new CantosignError(
          'interrupted',
          'stopped at the prompt',
          'start again when you are ready',
        )
      case CTRL_D:
        if (this.#length === 0) throw declined()
        return true
      case CTRL_H:
      case DELETE:
        this.#backspace()
        return false
      case CTRL_U:
        this.wipe()
        return false
      default:
        if (byte < 0x20) throw invalid('a control character was typed')
        if (this.#length === MAX_LINE_BYTES) {
          throw invalid(`more than ${MAX_LINE_BYTES} bytes were typed`)
        }
        this.#bytes[this.#length++] = byte
        return false
    }
  }

  /** The bytes typed, in a buffer of their own. */
  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  wipe(): void {
    this.#bytes.fill(0)
    this.#length = 0
  }

  /** Takes back one character of UTF-8: its continuation bytes and the byte before them. */
  #backspace(): void {
    while (this.#length > 0) {
      const last = this.#bytes[--this.#length] ?? 0
      this.#bytes[this.#length] = 0
      if ((last & 0xc0) !== 0x80) return
    }
  }
}

/**
 * The terminal as it is in this process. The device is opened for each question, so that a program
 * that asks nothing touches no terminal.
 */
export class ControllingTerminal implements Terminal {
  /** What was typed beyond the end of a line belongs to the next question. */
  #ahead: readonly number[] = []

  get interactive(): boolean {
    const device = openDevice()
    if (device === undefined) return false
    closeSync(device)
    return true
  }

  async ask(question: string): Promise<string> {
    // The terminal itself echoes and edits the line, and turns Ctrl-C into a signal.
    const line: number[] = []
    await this.#read(question, false, (byte) => {
      if (byte === LINE_FEED) return true
      if (line.length === MAX_LINE_BYTES) {
        throw new CantosignError('declined', 'the answer is too long', 'start again')
      }
      line.push(byte)
      return false
    })
    return Buffer.from(line).toString('utf8')
  }

  async readSecret(prompt: string): Promise<Uint8Array> {
    const line = new SecretLine()
    try {
      await this.#read(prompt, true, (byte) => line.type(byte))
      return line.take()
    } finally {
      line.wipe()
    }
  }

  /** Feeds bytes to `take` until it says that the line is complete. */
  async #read(prompt: string, raw: boolean, take: (byte: number) => boolean): Promise<void> {
    const device = openDevice()
    if (device === undefined) {
      throw new CantosignError(
        'no-terminal',
        'a question has to be asked and there is no terminal to ask on',
        'run this at a terminal',
      )
    }
    // Loaded when a question is asked: most runs ask none.
    const { ReadStream } = await import('node:tty')
    const stream = new ReadStream(device)
    try {
      // Without echo before the prompt is seen, so that nothing typed early is shown either.
      if (raw) stream.setRawMode(true)
      writeSync(device, prompt)
      await new Promise<void>((resolve, reject) => {
        const feed = (bytes: Uint8Array | readonly number[]): void => {
          try {
            const end = bytes.findIndex((byte: number) => take(byte))
            if (end === -1) return
            this.#ahead = Array.from(bytes.slice(end + 1))
            resolve()
          } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)))
          }
        }
        stream.on('error', reject)
        stream.on('end', () => {
          reject(declined())
        })
        const ahead = this.#ahead
        this.#ahead = []
        feed(ahead)
        stream.on('data', (bytes: Buffer) => {
          feed(bytes)
          bytes.fill(0)
        })
      })
    } finally {
      if (raw) {
        stream.setRawMode(false)
        writeSync(device, '\n')
      }
      stream.destroy()
    }
  }
}
