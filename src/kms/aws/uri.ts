/** `awskms://[HOST[:PORT]]/KEY[?region=…&profile=…]` */
import { escapeText } from '../../base/text.ts'
import { checkedAuthority, readUri, uriFault } from '../uri.ts'

export interface AwsUri {
  /** In place of the usual address of the service in the region: a VPC endpoint. */
  readonly endpoint: string | undefined
  /** A key id, `alias/NAME`, or the ARN of either; empty for all keys of the region. */
  readonly key: string
  readonly region: string | undefined
  /** Of the configuration files of AWS. */
  readonly profile: string | undefined
}

const KEY_ID = /^[A-Za-z0-9-]{1,256}$/
const ALIAS = /^alias\/[A-Za-z0-9/_-]{1,250}$/
const ARN =
  /^arn:aws[a-z0-9-]*:kms:([a-z0-9-]+):[0-9]{12}:(?:key\/[A-Za-z0-9-]{1,256}|alias\/[A-Za-z0-9/_-]{1,250})$/
const REGION = /^[a-z0-9-]{1,64}$/

/** @throws CantosignError `key-uri-invalid` */
export function parseAwsUri(text: string): AwsUri {
  const { authority, path, parameters } = readUri(text, 'awskms', ['region', 'profile'])
  const arn = ARN.exec(path)
  if (path !== '' && arn === null && !KEY_ID.test(path) && !ALIAS.test(path)) {
    throw uriFault(
      'awskms',
      `names no key by ${escapeText(path)}`,
      'give awskms:///KEYID, awskms:///alias/NAME or awskms:///arn:aws:kms:…',
    )
  }
  const stated = parameters.get('region')
  if (stated !== undefined && !REGION.test(stated)) {
    throw uriFault('awskms', 'names no region', 'give one such as region=eu-central-1')
  }
  const own = arn?.[1]
  if (own !== undefined && stated !== undefined && own !== stated) {
    throw uriFault(
      'awskms',
      `is for ${own} by its ARN and for ${stated} by its region`,
      'leave out region',
    )
  }
  return {
    endpoint: authority === '' ? undefined : `https://${checkedAuthority(authority, 'awskms')}`,
    key: path,
    region: own ?? stated,
    profile: parameters.get('profile'),
  }
}

/** The URI of another key at the same place. */
export function formatAwsUri({ endpoint, region, profile }: AwsUri, key: string): string {
  const own = ARN.exec(key)?.[1]
  const parameters = [
    ...(region === undefined || own !== undefined ? [] : [`region=${region}`]),
    ...(profile === undefined ? [] : [`profile=${encodeURIComponent(profile)}`]),
  ].join('&')
  const host = endpoint?.slice('https://'.length) ?? ''
  return `awskms://${host}/${key}${parameters === '' ? '' : `?${parameters}`}`
}
