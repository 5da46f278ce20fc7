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
  readonly nestedType?: readonly (Descriptor & {
    readonly name: string
    readonly options?: { readonly mapEntry?: boolean }
  })[]
  readonly enumType?: readonly (Descriptor & { readonly name: string })[]
}

/** Lines `message.field = number label type`, for every message and enum of Envoy's that these descriptors hold. */
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
    ...[...nestedType.filter((inner) => inner.options?.mapEntry !== true), ...enumType].flatMap((inner) =>
      descriptorLines(`${name}.${inner.name}`, inner),
    ),
  ]
}

/** Type names only by their last part: one side writes them relative, the other absolute. A number on the wire is a number, also as an enum. */
function kindOf({ type, typeName }: DescriptorField): string {
  if (type === 'TYPE_ENUM' || type === 'TYPE_INT32') return 'number'
  return `${type} ${typeName
    .split('.')
    .at(-1)
    ?.replace(/Entry$/, '')}`
}
