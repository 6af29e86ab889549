import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** A relay that can be cut, and that can be made to let nothing through. */
export class Relay {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #open = true

  constructor(target: string) {
    const [host = '', port = ''] = target.split(':')
    this.#server = createServer((near) => {
      if (!this.#open) {
        near.destroy()
        return
      }
      const far = connect(Number(port), host)
      near.pipe(far).pipe(near)
      for (const socket of [near, far]) {
        this.#sockets.add(socket)
        socket.on('error', () => undefined)
        socket.on('close', () => this.#sockets.delete(socket))
      }
    })
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  cut(): void {
    this.#open = false
    for (const socket of this.#sockets) socket.destroy()
  }

  mend(): void {
    this.#open = true
  }

  close(): void {
    this.cut()
    this.#server.close()
  }
}
