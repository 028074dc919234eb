/** Functions over URLs. */
import type { Value } from '../../core/column.ts'
import { STRING } from '../../core/types.ts'
import { define } from './define.ts'
import type { ScalarFunction } from './function.ts'

/** The protocols that `java.net.URL` knows. */
const PROTOCOLS: readonly string[] = ['http', 'https', 'ftp', 'file', 'jar', 'mailto']

const URL_PARTS =
  /^(?<protocol>[a-zA-Z][a-zA-Z0-9+.-]*):(?:\/\/(?<authority>[^/?#]*))?(?<path>[^?#]*)(?:\?(?<query>[^#]*))?(?:#(?<ref>[\s\S]*))?$/
const AUTHORITY = /^(?:(?<user>[^@]*)@)?(?<host>\[[^\]]*\]|[^:]*)(?::(?<port>\d*))?$/

/** @returns null where the text is no URL of a known protocol, or has no such part */
function urlPart(text: string, part: string, key: string | undefined): Value {
  const groups = URL_PARTS.exec(text.trim())?.groups
  if (groups === undefined) return null
  const { protocol = '', authority, path = '', query, ref } = groups
  const address = AUTHORITY.exec(authority ?? '')?.groups
  if (!PROTOCOLS.includes(protocol.toLowerCase()) || address === undefined) return null
  if (key !== undefined) return part === 'QUERY' && query !== undefined ? parameter(query, key) : null
  switch (part) {
    case 'HOST':
      return address['host'] ?? ''
    case 'PATH':
      return path
    case 'QUERY':
      return query ?? null
    case 'REF':
      return ref ?? null
    case 'PROTOCOL':
      return protocol.toLowerCase()
    case 'FILE':
      return query === undefined ? path : `${path}?${query}`
    case 'AUTHORITY':
      return authority ?? null
    case 'USERINFO':
      return address['user'] ?? null
    default:
      return null
  }
}

function parameter(query: string, key: string): Value {
  const found = query.split('&').find((pair) => pair.startsWith(`${key}=`))
  return found === undefined ? null : found.slice(key.length + 1)
}

export const URL_FUNCTIONS: readonly ScalarFunction[] = [
  define({
    category: 'string',
    name: 'URL_ENCODE',
    signatures: ['URL_ENCODE(string)'],
    description: 'In the form of application/x-www-form-urlencoded.',
    examples: [["URL_ENCODE('a b&c')", 'a+b%26c']],
    parameters: ['text'],
    nullable: true,
    returns: STRING,
    evaluate: ([value]) => new URLSearchParams([['', value as string]]).toString().slice(1),
  }),
  define({
    category: 'string',
    name: 'URL_DECODE',
    signatures: ['URL_DECODE(string)'],
    description: 'From the form of application/x-www-form-urlencoded; NULL where it is malformed.',
    examples: [["URL_DECODE('a+b%26c')", 'a b&c']],
    parameters: ['text'],
    returns: STRING,
    nullable: true,
    evaluate: ([value]) => {
      try {
        return decodeURIComponent((value as string).replaceAll('+', ' '))
      } catch {
        return null
      }
    },
  }),
  define({
    name: 'PARSE_URL',
    category: 'string',
    signatures: ['PARSE_URL(url, part [, key])'],
    description:
      'A part of a URL: HOST, PATH, QUERY, REF, PROTOCOL, AUTHORITY, FILE or USERINFO; with QUERY also the value of a key. NULL where it has none.',
    examples: [
      ["PARSE_URL('http://flink.apache.org/path?query=1#Ref', 'HOST')", 'flink.apache.org'],
      ["PARSE_URL('http://flink.apache.org/path?query=1#Ref', 'QUERY', 'query')", '1'],
    ],
    parameters: ['text', 'text', 'text'],
    minimum: 2,
    nullable: true,
    returns: STRING,
    evaluate: ([url, part, key]) => urlPart(url as string, part as string, key as string | undefined),
  }),
]
