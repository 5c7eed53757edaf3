// For tsconfig.cores.json alone: the shape that every platform of the client has, whichever the import condition picks.
declare module '#platform' {
  // An ambient module cannot import a relative one by a declaration.
  // oxlint-disable-next-line typescript/consistent-type-imports
  export function platformComponents(): import('./src/components.ts').Components
}
