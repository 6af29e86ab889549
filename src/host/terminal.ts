/** The person at the terminal: questions, typed confirmations and passphrases. */

export interface Terminal {
  /** True if a person can be asked. */
  readonly interactive: boolean
  /** Shows the question and returns the line that was typed, without its end. */
  ask(question: string): string
  /**
   * Shows the prompt and reads a line without echo.
   * @returns the bytes typed; the caller wipes them.
   */
  readSecret(prompt: string): Uint8Array
}
