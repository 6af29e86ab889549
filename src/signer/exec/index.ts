/** `cantosign/signers/exec`: keys behind a command that signs. */
export { parseExecUri, type Command } from './command.ts'
export { openExecSigner, type ExecSignerOptions } from './driver.ts'
