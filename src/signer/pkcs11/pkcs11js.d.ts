/** The part of the package pkcs11js that is used; the package is installed only where a token is. */
declare module 'pkcs11js' {
  const library: { readonly PKCS11: new () => unknown }
  export default library
}
