/** Of @noble/curves what secp256k1 takes: the bundle leaves out the rest. */
export { secp256k1 } from '@noble/curves/secp256k1.js'
