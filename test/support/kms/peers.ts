/** Which packages of vendors are installed; tests of the others say that they are skipped. */
const missing = new Set<string>()

async function look(name: string, load: () => Promise<unknown>): Promise<void> {
  try {
    await load()
  } catch {
    missing.add(name)
    process.stderr.write(`skipped: keys behind ${name}, which is not installed\n`)
  }
}

/** True if the package is there. */
export async function hasPeer(name: keyof typeof LOADERS): Promise<boolean> {
  await look(name, LOADERS[name])
  return !missing.has(name)
}

const LOADERS = {
  '@aws-sdk/client-kms': async (): Promise<unknown> => await import('@aws-sdk/client-kms'),
  '@google-cloud/kms': async (): Promise<unknown> => await import('@google-cloud/kms'),
  '@azure/keyvault-keys': async (): Promise<unknown> =>
    await Promise.all([import('@azure/keyvault-keys'), import('@azure/identity')]),
}
