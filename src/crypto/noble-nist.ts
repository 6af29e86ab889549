/** Of @noble/curves what P-256 and P-384 take: the bundle leaves out the rest. */
export { p256, p384 } from '@noble/curves/nist.js'
