import { describe, expect, it } from 'vitest'
import { isWelcome } from '../src/request-guard.ts'

const welcome = { origins: ['https://console.example'], hosts: ['broker.example'], own: ['0.0.0.0', '::ffff:10.0.0.7'] }

describe('a request is welcome (H70)', () => {
  it.each([
    'localhost:2921',
    'LOCALHOST',
    'localhost.:2921',
    '127.0.0.1:2921',
    '127.1.2.3',
    '[::1]:2921',
    'broker.example:2921',
    '10.0.0.7:2921',
  ])('with the host %s', (host) => {
    expect(isWelcome({ origin: undefined, host }, welcome)).toBe(true)
  })

  it.each([
    'evil.example',
    'localhost.evil.example:2921',
    '127.0.0.1.evil.example',
    '10.0.0.8',
    '',
    '[::2]',
    'xlocalhost',
  ])('not with the host %j', (host) => {
    expect(isWelcome({ origin: undefined, host }, welcome)).toBe(false)
  })

  it('with a listed origin only, whatever its host', () => {
    const host = 'localhost'
    expect(isWelcome({ origin: 'https://console.example', host }, welcome)).toBe(true)
    for (const origin of [
      'https://evil.example',
      'null',
      'http://localhost:2921',
      'https://console.example.evil',
      '',
    ]) {
      expect(isWelcome({ origin, host }, welcome)).toBe(false)
    }
  })
})
