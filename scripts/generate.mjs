// Makes src/wire/generated from src/wire/proto, and the same for src/online/wire: each schema as data
// with its TypeScript types, and the calls of its services. Two modules, so that the air-gapped half
// carries nothing of the APIs.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import protobuf from 'protobufjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/**
 * @param directory holds proto/ and gets generated/
 * @param fieldSchema where the types of a schema are, from generated/
 */
function generate(directory, fieldSchema) {
  const protoDirectory = join(root, directory, 'proto')
  const output = join(root, directory, 'generated')
  const files = readdirSync(protoDirectory)
    .filter((name) => name.endsWith('.proto'))
    .sort()
    .map((name) => join(protoDirectory, name))
  mkdirSync(output, { recursive: true })

  const protoRoot = new protobuf.Root()
  protoRoot.resolvePath = (_origin, target) =>
    target.startsWith('google/') || target.startsWith('/') ? target : join(protoDirectory, target)
  protoRoot.loadSync(files, { keepCase: true }).resolveAll()

  const messages = []
  const enums = []
  const services = []
  const collect = (namespace) => {
    for (const nested of namespace.nestedArray) {
      if (nested instanceof protobuf.Type) messages.push(nested)
      else if (nested instanceof protobuf.Enum) enums.push(nested)
      else if (nested instanceof protobuf.Service) services.push(nested)
      if (nested instanceof protobuf.Namespace) collect(nested)
    }
  }
  collect(protoRoot)
  const wanted = (reflection) =>
    !reflection.fullName.startsWith('.google.protobuf') ||
    ['Timestamp', 'Duration', 'Empty'].includes(reflection.name)

  // The dotted name below its package is unique in this schema; the last part alone nearly is.
  const shortName = (reflection) => {
    const parts = [reflection.name]
    for (let at = reflection.parent; at instanceof protobuf.Type; at = at.parent)
      parts.unshift(at.name)
    return parts.join('.')
  }
  const lastNames = messages.filter(wanted).map((message) => message.name)
  const typeName = (reflection) => {
    // TypeScript has a Record of its own.
    if (reflection.name === 'Record') return 'RecordValue'
    return lastNames.filter((name) => name === reflection.name).length > 1
      ? shortName(reflection).replaceAll('.', '')
      : reflection.name
  }
  for (const name of messages.filter(wanted).map(shortName)) {
    if (messages.filter((message) => wanted(message) && shortName(message) === name).length > 1)
      throw new Error(`two messages are called ${name}`)
  }

  const camel = (name) => name.replace(/_([a-z0-9])/g, (_match, letter) => letter.toUpperCase())
  const quote = (text) => `'${text}'`
  const scalarType = {
    string: 'string',
    bytes: 'Uint8Array',
    bool: 'boolean',
    int32: 'number',
    uint32: 'number',
    int64: 'bigint',
    uint64: 'bigint',
    sint64: 'bigint',
    sfixed64: 'bigint',
  }

  /** What stands for a field that is absent, as source. */
  const absent = (field) => {
    if (field.repeated) return '[]'
    if (field.resolvedType instanceof protobuf.Type || field.partOf !== null) return 'undefined'
    const type = fieldTypeScript(field)
    return {
      string: "''",
      Uint8Array: 'new Uint8Array()',
      boolean: 'false',
      number: '0',
      bigint: '0n',
    }[type]
  }

  const realOneof = (field) =>
    field.partOf !== null && field.partOf !== undefined && !field.partOf.name.startsWith('_')
      ? field.partOf.name
      : undefined

  const fieldTypeScript = (field) => {
    if (field.resolvedType instanceof protobuf.Enum) return 'number'
    if (field.resolvedType) return typeName(field.resolvedType)
    const scalar = scalarType[field.type]
    if (scalar === undefined)
      throw new Error(`${field.fullName}: no TypeScript type for ${field.type}`)
    return scalar
  }

  const schemaLines = []
  const typeLines = []
  for (const message of messages.filter(wanted)) {
    const fields = message.fieldsArray.toSorted((a, b) => a.id - b.id)
    const reserved = (message.reserved ?? []).flatMap((range) =>
      Array.isArray(range)
        ? Array.from({ length: range[1] - range[0] + 1 }, (_unused, i) => range[0] + i)
        : [],
    )
    schemaLines.push(
      `  ${quote(shortName(message))}: {`,
      `    name: ${quote(shortName(message))},`,
      `    reserved: [${reserved.join(', ')}],`,
      `    fields: [`,
    )
    for (const field of fields) {
      const isEnum = field.resolvedType instanceof protobuf.Enum
      const isMessage = field.resolvedType instanceof protobuf.Type
      const oneof = realOneof(field)
      const presence = !field.repeated && (isMessage || field.partOf !== null)
      schemaLines.push(
        `      { number: ${field.id}, name: ${quote(field.name)}, json: ${quote(camel(field.name))}, ` +
          `type: ${quote(isEnum ? 'enum' : isMessage ? 'message' : field.type)}, ` +
          (field.resolvedType ? `ref: ${quote(shortName(field.resolvedType))}, ` : '') +
          `repeated: ${field.repeated}, presence: ${presence}, ` +
          (oneof === undefined ? '' : `oneof: ${quote(camel(oneof))}, `) +
          `deprecated: ${field.options?.deprecated === true} },`,
      )
    }
    const properties = new Map(
      fields.map((field) => {
        const oneof = realOneof(field)
        return [camel(oneof ?? field.name), oneof === undefined ? absent(field) : 'undefined']
      }),
    )
    const values = [...properties].map(([name, value]) => `${name}: ${value}`).join(', ')
    schemaLines.push('    ],', `    empty: () => ({ ${values} }),`, '  },')

    typeLines.push(`export interface ${typeName(message)} {`)
    const oneofs = new Map()
    for (const field of fields) {
      const oneof = realOneof(field)
      if (oneof !== undefined) {
        oneofs.set(oneof, [...(oneofs.get(oneof) ?? []), field])
        continue
      }
      const type = fieldTypeScript(field)
      const presence = field.resolvedType instanceof protobuf.Type || field.partOf !== null
      typeLines.push(
        `  readonly ${camel(field.name)}: ` +
          (field.repeated ? `readonly ${type}[]` : presence ? `${type} | undefined` : type),
      )
    }
    for (const [oneof, members] of oneofs) {
      typeLines.push(`  readonly ${camel(oneof)}:`)
      for (const field of members) {
        typeLines.push(
          `    | { readonly $case: ${quote(camel(field.name))}; readonly value: ${fieldTypeScript(field)} }`,
        )
      }
      typeLines.push('    | undefined')
    }
    typeLines.push('}', '')
  }

  const enumLines = []
  for (const type of enums.filter(wanted)) {
    const prefix = `${type.name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase()}_`
    enumLines.push(`  ${quote(type.name)}: {`)
    for (const [name, number] of Object.entries(type.values)) {
      if (!name.startsWith(prefix)) throw new Error(`${name} does not begin with ${prefix}`)
      enumLines.push(`    ${number}: ${quote(name.slice(prefix.length))},`)
    }
    enumLines.push('  },')
  }

  const lookup = messages
    .filter(wanted)
    .map((message) => `  ${quote(shortName(message))}: ${typeName(message)}`)

  const serviceLines = []
  for (const service of services) {
    const fullName = service.fullName.slice(1)
    serviceLines.push(`  ${quote(fullName)}: {`)
    for (const method of service.methodsArray) {
      serviceLines.push(
        `    ${quote(method.name)}: { path: ${quote(`/${fullName}/${method.name}`)}, ` +
          `request: ${quote(shortName(method.resolvedRequestType))}, ` +
          `response: ${quote(shortName(method.resolvedResponseType))}, ` +
          `requestStream: ${method.requestStream === true}, ` +
          `responseStream: ${method.responseStream === true} },`,
      )
    }
    serviceLines.push('  },')
  }

  writeFileSync(
    join(output, 'schema.ts'),
    [
      `// Made by scripts/generate.mjs from ${directory}/proto.`,
      `import type { MessageSchema } from '${fieldSchema}'`,
      '',
      '/** Enum values without the common prefix of their names, by number. */',
      'export const ENUM_NAMES: Readonly<Record<string, Readonly<Record<number, string>>>> = {',
      ...enumLines,
      '}',
      '',
      'export const MESSAGE_SCHEMAS = {',
      ...schemaLines,
      '} as const satisfies Readonly<Record<string, MessageSchema>>',
      '',
      ...(services.length === 0
        ? []
        : [
            '/** Calls by the full name of their service; `path` is the path of the HTTP/2 request. */',
            'export const SERVICES = {',
            ...serviceLines,
            '} as const',
            '',
          ]),
      ...typeLines,
      '/** The type of every message by its schema name. */',
      'export interface MessageTypes {',
      ...lookup,
      '}',
      '',
    ].join('\n'),
  )
}

generate('src/wire', '../field-schema.ts')
generate('src/online/wire', '../../../wire/field-schema.ts')
