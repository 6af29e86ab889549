/** `cantosign/signers/ssh-agent`: keys in an SSH agent. */
export { listAgentKeys, openAgentSigner, type AgentOptions } from './driver.ts'
export type { AgentKey, AgentKeyContent } from './protocol.ts'
export { formatAgentUri, parseAgentUri, type AgentKeyName, type AgentUri } from './uri.ts'
