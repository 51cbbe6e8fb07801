import type { AttemptState, RunState, TaskState } from '../api/schema';
import { trans } from '../trans';

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

/** The word is looked up when it is shown. */
function look(label: () => string, glyph: string, icon: string): ILook {
  return {
    get label() {
      return label();
    },
    glyph,
    icon
  };
}

export const LOOKS: Readonly<Record<AnyState, ILook>> = {
  none: look(() => trans.__('waiting'), '○', ''),
  waiting: look(() => trans.__('waiting'), '○', ''),
  scheduled: look(() => trans.__('scheduled'), '◷', CLOCK),
  queued: look(() => trans.__('queued'), '…', DOTS),
  running: look(() => trans.__('running'), '▶', ARC),
  stopping: look(() => trans.__('stopping'), '■', SQUARE),
  restarting: look(() => trans.__('restarting'), '↻', TURN),
  up_for_retry: look(() => trans.__('up for retry'), '↻', TURN),
  up_for_reschedule: look(() => trans.__('up for reschedule'), '◷', CLOCK),
  rescheduled: look(() => trans.__('rescheduled'), '◷', CLOCK),
  deferred: look(() => trans.__('deferred'), '◷', CLOCK),
  awaiting_input: look(() => trans.__('awaiting input'), '?', HAND),
  success: look(() => trans.__('success'), '✓', CHECK),
  failed: look(() => trans.__('failed'), '✗', CROSS),
  lost: look(() => trans.__('lost'), '✗', CROSS),
  skipped: look(() => trans.__('skipped'), '»', SKIP),
  upstream_failed: look(() => trans.__('upstream failed'), '↑', UP),
  cancelled: look(() => trans.__('cancelled'), '–', BAR),
  removed: look(() => trans.__('removed'), '–', BAR),
  paused: look(() => trans.__('paused'), '‖', PAUSE),
  create: look(() => trans.__('to make'), '+', PLUS),
  clear: look(() => trans.__('to repeat'), '↻', TURN)
};

/** The class that gives an element the colour of a state, as `--studio-state`. */
export function stateClass(state: AnyState): string {
  return `jp-Studio-is-${state}`;
}
