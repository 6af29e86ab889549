/** Names from outside inside our own sentences. */

/** Identifiers, fingerprints, package ids and addresses as they usually are. */
const PLAIN = /^[A-Za-z0-9_][A-Za-z0-9_.:/@+-]*$/

/**
 * The text as it stands if it is one plain word, otherwise in double quotes with those inside
 * doubled: no name can end a sentence or begin another one. The characters stay as they are; a
 * presenter escapes them.
 */
export function quoteText(text: string): string {
  return PLAIN.test(text) ? text : `"${text.replaceAll('"', '""')}"`
}
