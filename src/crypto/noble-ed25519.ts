/** Of @noble/curves what Ed25519 takes: the bundle leaves out the rest. */
export { ed25519 } from '@noble/curves/ed25519.js'
