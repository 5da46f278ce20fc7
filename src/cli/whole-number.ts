import { InvalidArgumentError } from 'commander'

/** Reads an option's value; what is no whole number in the range is a wrong command line. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    if (/^\d{1,15}$/.test(text) && Number(text) >= min && Number(text) <= max) return Number(text)
    throw new InvalidArgumentError(`It is a whole number from ${min} to ${max}.`)
  }
}
