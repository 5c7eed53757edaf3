/** Bytes of the batch header; the body follows. */
export const batchHeaderBytes = 72
/** Bytes at the start of a body: the descriptors of the four columns. */
export const columnHeaderBytes = 32
/** The bound of any batch, and of any body before its codec. A cluster's own limit is lower: 1 MiB by default. */
export const batchBytesMax: number = 16 * 1024 * 1024
/** Records in one batch. */
export const recordCountMax = 1_048_576
