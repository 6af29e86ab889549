/**
 * Structure-aware mutation of DER: the tree of elements is damaged and written again with the
 * lengths around the damage put right, so that the damage is met where it lies and not at the gate.
 */
import { concatBytes } from '../../src/base/bytes.ts'
import type { Random } from './random.ts'

interface Element {
  tag: number
  content: Uint8Array
  children?: Element[]
  /** How the length is written. */
  length: 'minimal' | 'padded' | 'indefinite' | 'short' | 'long' | 'huge'
}

/** The elements that fill the bytes exactly, or nothing if they do not. */
function parse(bytes: Uint8Array, depth = 0): Element[] | undefined {
  const elements: Element[] = []
  let at = 0
  while (at < bytes.length) {
    const tag = bytes[at] ?? 0
    let length = bytes[at + 1] ?? -1
    let from = at + 2
    if (length < 0 || length === 0x80) return undefined
    if (length > 0x80) {
      const count = length & 0x7f
      if (count > 3) return undefined
      length = 0
      for (let i = 0; i < count; i++) length = length * 256 + (bytes[from + i] ?? 0)
      from += count
    }
    if (from + length > bytes.length) return undefined
    const content = bytes.subarray(from, from + length)
    const element: Element = { tag, content, length: 'minimal' }
    // Octet and bit strings of keys hold DER themselves.
    const inner = tag === 0x03 ? content.subarray(1) : content
    const nests = (tag & 0x20) !== 0 || tag === 0x04
    const children = nests && depth < 12 && inner.length > 1 ? parse(inner, depth + 1) : undefined
    if (children !== undefined) element.children = children
    elements.push(element)
    at = from + length
  }
  return elements
}

function lengthBytes(length: number, form: Element['length']): Uint8Array {
  const value = form === 'short' ? Math.max(0, length - 1) : form === 'long' ? length + 1 : length
  if (form === 'indefinite') return Uint8Array.of(0x80)
  if (form === 'huge') return Uint8Array.of(0x84, 0x7f, 0xff, 0xff, 0xff)
  if (form === 'padded') return Uint8Array.of(0x83, 0, (value >> 8) & 255, value & 255)
  if (value < 0x80) return Uint8Array.of(value)
  return value < 0x100 ? Uint8Array.of(0x81, value) : Uint8Array.of(0x82, value >> 8, value & 255)
}

function write(elements: readonly Element[]): Uint8Array {
  return concatBytes(
    ...elements.flatMap((element) => {
      const content = element.children === undefined ? element.content : write(element.children)
      const end = element.length === 'indefinite' ? Uint8Array.of(0, 0) : new Uint8Array()
      return [Uint8Array.of(element.tag), lengthBytes(content.length, element.length), content, end]
    }),
  )
}

const clone = (element: Element): Element => ({
  ...element,
  ...(element.children === undefined ? {} : { children: element.children.map(clone) }),
})

function lists(elements: Element[]): Element[][] {
  return [
    elements,
    ...elements.flatMap(({ children }) => (children === undefined ? [] : lists(children))),
  ]
}

type Damage = (siblings: Element[], at: number, random: Random) => void

/** A change of the element at the place, where there is one. */
const change =
  (how: (element: Element, random: Random) => void): Damage =>
  (siblings, at, random) => {
    const element = siblings[at]
    if (element !== undefined) how(element, random)
  }

const DAMAGES: readonly Damage[] = [
  change((element, random) => {
    element.tag = random.pick([
      0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0c, 0x10, 0x30, 0x31, 0x80, 0xa0, 0xa1, 0x1f, 0,
    ])
  }),
  change((element, random) => {
    element.length = random.pick(['padded', 'indefinite', 'short', 'long', 'huge'])
  }),
  change((element, random) => {
    if (element.children !== undefined || element.content.length === 0) return
    const content = element.content.slice()
    const place = random.below(content.length)
    content[place] = (content[place] ?? 0) ^ (1 << random.below(8))
    element.content = content
  }),
  // numbers of every size, where a version or the cost of a derivation stands
  change((element, random) => {
    if (element.tag !== 0x02) return
    element.content = random.pick([
      Uint8Array.of(0),
      Uint8Array.of(1),
      Uint8Array.of(0xff),
      Uint8Array.of(0, 1),
      Uint8Array.of(0x7f, 0xff, 0xff, 0xff),
      Uint8Array.of(0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
      random.bytes(1 + random.below(40)),
      new Uint8Array(),
    ])
  }),
  change((element, random) => {
    if (element.children !== undefined) return
    element.content = random.pick([
      new Uint8Array(),
      element.content.slice(1),
      concatBytes(element.content, Uint8Array.of(0)),
      concatBytes(Uint8Array.of(0), element.content),
      new Uint8Array(element.content.length),
      element.content.map(() => 0xff),
      random.bytes(random.below(100)),
    ])
  }),
  (siblings, at) => {
    siblings.splice(at, 1)
  },
  (siblings, at) => {
    const element = siblings[at]
    if (element !== undefined) siblings.splice(at, 0, clone(element))
  },
  (siblings, at, random) => {
    siblings.splice(at, 0, {
      tag: random.pick([0x02, 0x04, 0x05, 0xa0, 0xa1]),
      content: random.bytes(random.below(5)),
      length: 'minimal',
    })
  },
  (siblings, _at, random) => {
    siblings.sort(() => random.below(3) - 1)
  },
  // nested far deeper than any key
  (siblings, at, random) => {
    const element = siblings[at]
    if (element === undefined) return
    for (let depth = random.below(60); depth > 0; depth--) {
      element.children = [clone(element)]
      element.tag = 0x30
    }
  },
]

/** One mutant of DER that is sound. */
export function mutateDer(der: Uint8Array, random: Random): Uint8Array {
  const tree = parse(der)
  if (tree === undefined) throw new Error('the seed of a DER mutant is not DER')
  const rounds = 1 + random.below(2)
  for (let round = 0; round < rounds; round++) {
    const all = lists(tree)
    // The outermost SEQUENCE is left alone most of the time.
    const inner = all.length > 1 && random.below(12) > 0 ? all.slice(1) : all
    const siblings = random.pick(inner)
    random.pick(DAMAGES)(siblings, random.below(Math.max(1, siblings.length)), random)
  }
  const mutant = write(tree)
  return random.below(40) === 0 ? mutant.subarray(0, random.below(mutant.length + 1)) : mutant
}

/** One mutant of text: characters changed, doubled, dropped, moved, or other line ends. */
export function mutateText(text: Uint8Array, random: Random): Uint8Array {
  let bytes = text
  for (let round = 1 + random.below(3); round > 0; round--) {
    const at = random.below(bytes.length + 1)
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)]
    const pieces = random.pick<readonly Uint8Array[]>([
      [before, random.bytes(1 + random.below(3)), after],
      [before, after.subarray(1 + random.below(4))],
      [
        before,
        Uint8Array.of(random.pick([0, 9, 10, 13, 32, 34, 45, 61, 92, 123, 0x80, 0xef, 0xff])),
        after.subarray(1),
      ],
      [before, after, after],
      [before],
      [after, before],
      [Uint8Array.of(0xef, 0xbb, 0xbf), bytes],
    ])
    bytes = concatBytes(...pieces)
  }
  return bytes
}
