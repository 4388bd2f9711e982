import { expect, it } from '@jest/globals'
import { composeCommand } from './compose-command.ts'

it('is for Compose where it is about a service, and for Docker where it is about a container', () => {
  expect(composeCommand('kill', 'order')).toBe('docker compose kill order && docker compose start order')
  expect(composeCommand('kill', '3f2a9c81d0e4')).toBe('docker kill 3f2a9c81d0e4 && docker start 3f2a9c81d0e4')
  expect(composeCommand('restart', 'kafka')).toBe('docker compose restart kafka')
  expect(composeCommand('remove', '3f2a9c81d0e4')).toBe('docker stop 3f2a9c81d0e4')
})
