/** Text from outside, made safe to print. */

/**
 * Characters that never reach a terminal as they are: controls (Cc), format characters such as
 * bidirectional overrides, zero-width characters and tags (Cf), line and paragraph separators
 * (Zl, Zp), private use (Co), lone surrogates (Cs), code points without a meaning (Cn), and what else
 * shows as nothing at all: variation selectors, fillers, joiners (Default_Ignorable_Code_Point).
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}\p{Cn}\p{Default_Ignorable_Code_Point}]/u
const UNSAFE_ALL = new RegExp(UNSAFE.source, 'gu')

/** True if the text holds a character that could change how a terminal shows what is around it. */
export function isUnsafeText(text: string): boolean {
  return UNSAFE.test(text)
}

/** The text with each unsafe character as `\u{…}`, and the backslash doubled so that no text can forge it. */
export function escapeText(text: string): string {
  return text
    .replaceAll('\\', '\\\\')
    .replace(UNSAFE_ALL, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
}

/**
 * JSON with each unsafe character as the escape that JSON has for it: the same document, safe to
 * print. Newlines and tabs are its layout.
 */
export function escapeJson(json: string): string {
  return json.replace(/[^\n\t\x20-\x7e]/gu, (character) => {
    if (!isUnsafeText(character)) return character
    return character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join('')
  })
}
