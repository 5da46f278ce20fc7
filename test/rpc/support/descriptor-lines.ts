import type { PackageDefinition } from '@grpc/proto-loader'

interface DescriptorField {
  readonly name: string
  readonly number: number
  readonly label: string
  readonly type: string
  readonly typeName: string
}
interface Descriptor {
  readonly field?: readonly DescriptorField[]
  readonly value?: readonly { readonly name: string; readonly number: number }[]
  readonly nestedType?: readonly (Descriptor & { readonly name: string })[]
  readonly enumType?: readonly (Descriptor & { readonly name: string })[]
}

/**
 * Lines `message.field = number label type`, for every message and enum of Envoy's that these descriptors hold. Type names only by their last
 * part and without the case and underscores of a map's hidden entry message, because every compiler writes those its own way.
 */
export function linesOf(loaded: PackageDefinition): readonly string[] {
  return Object.entries(loaded).flatMap(([name, definition]) => {
    if (!/^(envoy|google\.rpc)\./.test(name) || !('type' in definition)) return []
    return descriptorLines(name, definition.type as Descriptor)
  })
}

function descriptorLines(
  name: string,
  { field = [], value = [], nestedType = [], enumType = [] }: Descriptor,
): readonly string[] {
  return [
    ...field.map((one) => `${name}.${one.name} = ${one.number} ${one.label} ${kindOf(one)}`),
    ...value.map((one) => `${name}.${one.name} = ${one.number}`),
    ...[...nestedType, ...enumType].flatMap((inner) => descriptorLines(`${name}.${entryName(inner.name)}`, inner)),
  ]
}

/** A number on the wire is a number, also as an enum. */
function kindOf({ type, typeName }: DescriptorField): string {
  return type === 'TYPE_ENUM' || type === 'TYPE_INT32'
    ? 'number'
    : `${type} ${entryName(typeName.split('.').at(-1) ?? '')}`
}

function entryName(name: string): string {
  return name
    .replace(/(.)Entry$/, '$1')
    .replaceAll('_', '')
    .toLowerCase()
}
