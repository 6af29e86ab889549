/**
 * Before each test file: property tests take the same inputs in every run, so that a red build means
 * that the change broke something. `CANTOSIGN_SEED=random` takes others each time, a number those of
 * that seed; a property test has its seed in its name.
 */
import { configureGlobal } from 'fast-check' // @fast-check/vitest would take a second in every file

const DEFAULT_SEED = 20_260_501

const asked = process.env['CANTOSIGN_SEED'] ?? String(DEFAULT_SEED)
if (asked !== 'random') {
  const seed = Number(asked)
  // Of any other number fast-check makes one of these.
  if (!/^-?\d+$/.test(asked) || seed !== (seed | 0)) {
    throw new Error(`CANTOSIGN_SEED is "random" or an integer of 32 bits, not ${asked}`)
  }
  configureGlobal({ seed })
}
