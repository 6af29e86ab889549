/** `cantosign/signers/pkcs11`: keys on PKCS#11 tokens. Needs the package pkcs11js. */
export { openPkcs11Signer, readPkcs11PublicKey, type Pkcs11Options } from './driver.ts'
export { generatePkcs11Key, type GeneratedTokenKey } from './generate.ts'
export { listPkcs11Keys, type TokenKey } from './list.ts'
export type { PinQuestion } from './token.ts'
export { formatPkcs11Uri, parsePkcs11Uri, type Pkcs11Uri } from './uri.ts'
