/** What a stand-in does wrong when a test tells it to. */
export interface Mischief {
  /** Refuses a request, by its name and the key that it is about. */
  denied?: (action: string, key: unknown) => boolean
  /** Changes each signature before it is sent. */
  signature?: (signature: Uint8Array, message: Uint8Array) => Uint8Array
  /** How many requests are turned away for being too many; counted down. */
  throttled?: number
  /** No answer comes. */
  silent?: boolean
  /** Credentials have run out. */
  expired?: boolean
}

/** What a test has seen of the requests. */
export interface Requests {
  readonly names: string[]
}
