// The life of one segment in one store. Total: every state meets every event.
//
//   open ──fence──► fenced ──seal──► sealed ──forget──► (gone)
//     │               │ ▲              a damaged copy is fenced, never sealed at an end that it does not have
//     └───damage──────┴─┴──► damaged

/** `damaged`: it may lack records, or its end cannot be known. */
export type LiveState = 'open' | 'fenced' | 'sealed' | 'damaged'
export type SegmentEvent = 'append' | 'settle' | 'commit' | 'fence' | 'truncate' | 'seal' | 'forget' | 'damage'

/**
 * - `go`: do it, and be in `to` afterwards;
 * - `done`: it is so already;
 * - `ended`: the segment takes no more (EG_SEGMENT_SEALED);
 * - `wrong`: a caller's bug.
 */
export type Verdict =
  | { readonly kind: 'go'; readonly to: LiveState | 'forgotten' }
  | { readonly kind: 'done' }
  | { readonly kind: 'ended' }
  | { readonly kind: 'wrong' }

const go = (to: LiveState | 'forgotten'): Verdict => ({ kind: 'go', to })
const done: Verdict = { kind: 'done' }
const ended: Verdict = { kind: 'ended' }
const wrong: Verdict = { kind: 'wrong' }

const table: { readonly [state in LiveState]: { readonly [event in SegmentEvent]: Verdict } } = {
  open: {
    append: go('open'),
    settle: wrong, // only a fenced copy is completed from another
    commit: go('open'),
    fence: go('fenced'),
    truncate: wrong, // what is not fenced first would grow again
    seal: go('sealed'),
    forget: go('forgotten'),
    damage: go('damaged'),
  },
  fenced: {
    append: ended, // H35a: for good
    settle: go('fenced'),
    commit: go('fenced'),
    fence: done,
    truncate: go('fenced'),
    seal: go('sealed'),
    forget: go('forgotten'),
    damage: go('damaged'),
  },
  sealed: {
    append: ended,
    settle: ended,
    commit: done, // everything below the end is committed
    fence: done,
    truncate: ended,
    seal: done, // the driver compares the ends
    forget: go('forgotten'),
    damage: done, // the trailer still proves the end; reads find the bad batch
  },
  damaged: {
    append: ended,
    settle: ended,
    commit: done, // it serves what it was known to hold when it was found damaged
    fence: done,
    truncate: go('damaged'),
    seal: go('sealed'), // at an end that it holds verified; the driver compares
    forget: go('forgotten'),
    damage: done,
  },
}

export function judgeSegment(state: LiveState, event: SegmentEvent): Verdict {
  return table[state][event]
}
