declare const label: unique symbol

/**
 * A value that carries the name of its meaning in its type.
 *
 * The label is the identity: two packages that both write `Brand<string, 'SegmentId'>` mean the same type, so neither
 * has to import the other for it. A brand is given by one parse or mint function at the edge, never by a cast inside.
 */
export type Brand<Value, Label extends string> = Value & { readonly [label]: Label }
