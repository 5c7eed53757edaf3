// For tsconfig.cores.json alone: the shape that every platform of the client has, whichever the import condition picks.
declare module '#platform' {
  export function platformComponents(): import('./src/components.ts').Components
}
