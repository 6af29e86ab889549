/** How the setup of a test run tells the tests where things are. */

/** The directory that keeps all output of programs under test, and the secrets they used. */
export const OUTPUT_DIRECTORY = 'CANTOSIGN_TEST_OUTPUT'

/** Why the programs could not be built. */
export const BUILD_FAILURE = 'CANTOSIGN_TEST_BUILD_FAILURE'
