import { invariant } from './invariant.ts'

/**
 * The parts of a path of the Disk port; `''` is the root and has none.
 * A path that could leave its root is a bug of the caller: paths are made from ids, never taken from outside.
 */
export function diskPathParts(path: string): readonly string[] {
  if (path === '') return []
  const parts = path.split('/')
  const plain = parts.every((part) => part !== '' && part !== '.' && part !== '..' && !/[\\\0]/.test(part))
  invariant(plain, 'a path stays under its root', { path })
  return parts
}
