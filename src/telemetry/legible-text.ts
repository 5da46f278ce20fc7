const plainText = /^[\x20-\x7e]*$/
// Controls, marks that change how text around them is shown, line ends, halves of characters, and places without a character.
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Cn}\p{Co}]/gu

/** Text from outside as it may be shown: what cannot be printed is `?`, and what is longer than `charactersMax` ends in `…`. */
export function legibleText(text: string, charactersMax: number): string {
  if (text.length <= charactersMax && plainText.test(text)) return text
  // No more of a long text than may be shown is looked at; a character takes two units at most.
  const characters = [...text.slice(0, 2 * charactersMax + 2)]
  const shown = characters.length > charactersMax ? [...characters.slice(0, charactersMax - 1), '…'] : characters
  return shown.join('').replaceAll(unprintable, '?')
}
