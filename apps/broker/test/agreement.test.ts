import { readFile } from 'node:fs/promises'
import * as metadata from '@eastguard/ds-rsm'
import * as wire from '@eastguard/protocol'
import { describe, expect, it } from 'vitest'
import { software } from '../src/software.ts'

// Packages that do not import each other say some things twice. The broker is the first who knows both.

describe('what two packages say is the same', () => {
  it.each(Object.entries(metadata.policyBounds))('bounds of %s in a policy', (field, { min, max }) => {
    expect(wire.policyBounds[field as keyof typeof metadata.policyBounds]).toMatchObject({ min, max })
  })

  it('ranges of a fixed topic', () => {
    expect(wire.rangeCountMax).toBe(metadata.fixedRangeCountMax)
  })

  it.each(['a', 'A.b_c-9', 'x'.repeat(200), 'x'.repeat(201), '', '.', '..', '__x', 'a/b', 'ä', 'a b'])(
    'whether %j names a topic',
    (name) => {
      let accepted = true
      try {
        wire.checkTopicName(name)
      } catch {
        accepted = false
      }
      expect(metadata.topicNameProblem(name) === undefined).toBe(accepted)
    },
  )

  it('the version in the greeting and in the package', async () => {
    const manifest: unknown = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'))
    expect(manifest).toMatchObject({ version: software.split('/')[1] })
  })
})
