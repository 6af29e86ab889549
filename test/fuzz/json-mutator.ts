/** Mutation of JSON documents: a member or element somewhere in the tree is damaged. */
import type { Random } from './random.ts'

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

/** Every object and list of the document. */
function containers(value: Json): (Json[] | Record<string, Json>)[] {
  if (typeof value !== 'object' || value === null) return []
  return [value, ...Object.values(value).flatMap(containers)]
}

function other(value: Json, random: Random): Json {
  if (typeof value === 'string' && random.below(3) > 0) {
    const at = random.below(value.length + 1)
    return random.pick([
      value.slice(0, at),
      value + value,
      value.toUpperCase(),
      value.slice(0, at) +
        random.pick(['\u202e', '\0', '=', ' ', 'é', '\ud800', '0']) +
        value.slice(at + 1),
      '',
    ])
  }
  return random.pick<Json>([
    null,
    true,
    0,
    -1,
    1e400,
    0.5,
    2 ** 53,
    '',
    'replace',
    [],
    {},
    [value],
    { a: value },
  ])
}

function deep(depth: number): Json {
  let value: Json = []
  for (let i = 0; i < depth; i++) value = [value]
  return value
}

/** One mutant of a JSON document, written with or without white space. */
export function mutateJson(document: Uint8Array, random: Random): Uint8Array {
  const tree = JSON.parse(new TextDecoder().decode(document)) as Json
  for (let round = 1 + random.below(2); round > 0; round--) {
    const place = random.pick(containers(tree))
    if (Array.isArray(place)) {
      const at = random.below(Math.max(1, place.length))
      const item = place[at]
      const change = random.below(4)
      if (change === 0) place.splice(at, 1)
      else if (change === 1 && item !== undefined) place.push(structuredClone(item))
      else if (change === 2) place.reverse()
      else if (item !== undefined) place[at] = other(item, random)
    } else {
      const names = Object.keys(place)
      if (names.length === 0) continue
      const name = random.pick(names)
      const value = place[name] ?? null
      const change = random.below(5)
      if (change === 0) Reflect.deleteProperty(place, name)
      else if (change === 1) {
        const extra = random.pick(['extra', '__proto__', 'constructor', `${name} `])
        Object.defineProperty(place, extra, {
          value,
          enumerable: true,
          configurable: true,
          writable: true,
        })
      } else if (change === 2 && random.below(10) === 0)
        place[name] = deep(random.pick([50, 250, 1000]))
      else place[name] = other(value, random)
    }
  }
  return new TextEncoder().encode(JSON.stringify(tree, null, random.pick([0, 2])))
}
