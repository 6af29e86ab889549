/**
 * What is used of asn1js and pkijs, and no more of them: loaded when an encrypted or a foreign key
 * asks for it, after the strict walker has passed it.
 */
export { fromBER, Integer, ObjectIdentifier, OctetString, Sequence } from 'asn1js'
export { PBES2Params, PBKDF2Params, PKCS8ShroudedKeyBag } from 'pkijs'
