import type { AttemptState, RunState, TaskState } from '../api/schema';

export type AnyState = TaskState | RunState | AttemptState | 'waiting' | 'paused' | 'create' | 'clear';

/** How a state looks without its colour, which is a CSS variable of the class `jp-Studio-is-<state>`. */
export interface ILook {
  /** In words, for people. */
  readonly label: string;
  /** One character, where nothing but text can stand. */
  readonly glyph: string;
  /** `d` of a path stroked in a box of 16 × 16. */
  readonly icon: string;
}

const CHECK = 'M4.4 8.4 7 11 11.6 5.6';
const CROSS = 'M5.2 5.2 10.8 10.8 M10.8 5.2 5.2 10.8';
const CLOCK = 'M8 4.4 V8.2 L10.4 9.8';
const DOTS = 'M4.6 8 h.01 M8 8 h.01 M11.4 8 h.01';
const TURN = 'M11.2 6.2 A3.7 3.7 0 1 0 11.7 8.6 M11.5 4 V6.6 H8.9';
const SQUARE = 'M5.6 5.6 H10.4 V10.4 H5.6 Z';
const ARC = 'M8 4.2 A3.8 3.8 0 1 1 4.2 8';
const SKIP = 'M4.6 5.4 7.2 8 4.6 10.6 M8.6 5.4 11.2 8 8.6 10.6';
const UP = 'M8 11.4 V4.8 M5.2 7.4 8 4.6 10.8 7.4';
const HAND = 'M5.8 6.2 A2.2 2.2 0 1 1 8 8.4 V9.4 M8 11.6 h.01';
const BAR = 'M4.8 8 H11.2';
const PAUSE = 'M6.2 5.2 V10.8 M9.8 5.2 V10.8';
const PLUS = 'M8 4.8 V11.2 M4.8 8 H11.2';

export const LOOKS: Readonly<Record<AnyState, ILook>> = {
  none: { label: 'waiting', glyph: '○', icon: '' },
  waiting: { label: 'waiting', glyph: '○', icon: '' },
  scheduled: { label: 'scheduled', glyph: '◷', icon: CLOCK },
  queued: { label: 'queued', glyph: '…', icon: DOTS },
  running: { label: 'running', glyph: '▶', icon: ARC },
  stopping: { label: 'stopping', glyph: '■', icon: SQUARE },
  restarting: { label: 'restarting', glyph: '↻', icon: TURN },
  up_for_retry: { label: 'up for retry', glyph: '↻', icon: TURN },
  up_for_reschedule: { label: 'up for reschedule', glyph: '◷', icon: CLOCK },
  rescheduled: { label: 'rescheduled', glyph: '◷', icon: CLOCK },
  deferred: { label: 'deferred', glyph: '◷', icon: CLOCK },
  awaiting_input: { label: 'awaiting input', glyph: '?', icon: HAND },
  success: { label: 'success', glyph: '✓', icon: CHECK },
  failed: { label: 'failed', glyph: '✗', icon: CROSS },
  lost: { label: 'lost', glyph: '✗', icon: CROSS },
  skipped: { label: 'skipped', glyph: '»', icon: SKIP },
  upstream_failed: { label: 'upstream failed', glyph: '↑', icon: UP },
  cancelled: { label: 'cancelled', glyph: '–', icon: BAR },
  removed: { label: 'removed', glyph: '–', icon: BAR },
  paused: { label: 'paused', glyph: '‖', icon: PAUSE },
  create: { label: 'to make', glyph: '+', icon: PLUS },
  clear: { label: 'to repeat', glyph: '↻', icon: TURN }
};

/** The class that gives an element the colour of a state, as `--studio-state`. */
export function stateClass(state: AnyState): string {
  return `jp-Studio-is-${state}`;
}
