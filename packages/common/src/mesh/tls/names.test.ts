import { describe, expect, it } from '@jest/globals'
import { namingOf, serviceNamed } from './names.ts'

const DOMAIN = 'spiffe://1234.consul'
const OWN = `URI:${DOMAIN}/ns/default/dc/dc1/svc/order`
const naming = namingOf(OWN, [])

describe('a certificate with a SPIFFE id', () => {
  it.each([
    ['a service', `URI:${DOMAIN}/ns/default/dc/dc1/svc/cart`, 'cart'],
    ['a service of another namespace', `URI:${DOMAIN}/ns/other/dc/dc1/svc/cart`, undefined],
    ['a service of another trust domain', 'URI:spiffe://5678.consul/ns/default/dc/dc1/svc/cart', undefined],
    ['an agent of Consul’s', `URI:${DOMAIN}/agent/client/dc/dc1/id/cart`, undefined],
    ['something below a service', `URI:${DOMAIN}/ns/default/dc/dc1/svc/cart/more`, undefined],
    [
      'two services',
      `URI:${DOMAIN}/ns/default/dc/dc1/svc/a, URI:${DOMAIN}/ns/default/dc/dc1/svc/b`,
      undefined,
    ],
    ['a host of that name', 'DNS:cart', undefined],
    ['an entry that looks like several', `URI:"x, ${OWN}, y"`, undefined],
    ['nothing', undefined, undefined],
  ])('of %s', (_what, altName, service) => {
    expect(serviceNamed(altName, naming)).toBe(service)
  })

  it('counts in each trust domain that is believed', () => {
    const both = namingOf(OWN, ['5678.consul'])
    const names = ['1234', '5678', '9'].map((id) =>
      serviceNamed(`URI:spiffe://${id}.consul/ns/default/dc/dc1/svc/cart`, both),
    )
    expect(names).toEqual(['cart', 'cart', undefined])
  })
})

it('knows ids without a namespace', () => {
  const short = namingOf('URI:spiffe://example.org/sa/order', [])
  expect(serviceNamed('URI:spiffe://example.org/sa/cart', short)).toBe('cart')
})

it('names a service by a DNS name of one label where our own does', () => {
  const byDns = namingOf('DNS:order', [])
  const names = [
    'DNS:cart',
    'DNS:cart.example.org',
    `URI:${DOMAIN}/ns/default/dc/dc1/svc/cart, DNS:cart`,
  ].map((altName) => serviceNamed(altName, byDns))
  expect(names).toEqual(['cart', undefined, undefined])
})
