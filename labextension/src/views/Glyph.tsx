import type { ReactElement, ReactNode } from 'react';

const PATHS = {
  plus: 'M8 3.5 V12.5 M3.5 8 H12.5',
  minus: 'M3.5 8 H12.5',
  fit: 'M3 6 V3 H6 M10 3 H13 V6 M13 10 V13 H10 M6 13 H3 V10',
  again: 'M12.2 5.6 A5 5 0 1 0 13 8.6 M12.7 2.8 V6 H9.5',
  server: 'M3 3.2 H13 V7 H3 Z M3 9 H13 V12.8 H3 Z M5.3 5.1 h.01 M5.3 10.9 h.01',
  open: 'M6.5 3.5 H3.5 V12.5 H12.5 V9.5 M9 3 H13 V7 M13 3 7.8 8.2',
  play: 'M5 3.4 12.2 8 5 12.6 Z',
  pause: 'M5.5 3.5 V12.5 M10.5 3.5 V12.5',
  stop: 'M4.5 4.5 H11.5 V11.5 H4.5 Z',
  right: 'M6.2 4 10.2 8 6.2 12',
  down: 'M4 6.2 8 10.2 12 6.2',
  fold: 'M4.5 3 8 6.2 11.5 3 M4.5 13 8 9.8 11.5 13',
  unfold: 'M4.5 6.2 8 3 11.5 6.2 M4.5 9.8 8 13 11.5 9.8',
  help: 'M5.6 6 A2.4 2.4 0 1 1 8 8.4 V9.6 M8 12.2 h.01',
  close: 'M4.4 4.4 11.6 11.6 M11.6 4.4 4.4 11.6',
  warning: 'M8 2.6 14 13 H2 Z M8 6.6 V9.4 M8 11.2 h.01'
} as const;

export type GlyphName = keyof typeof PATHS;

/** A line icon in the colour of the text. */
export function Glyph({ name }: { name: GlyphName }): ReactElement {
  return (
    <svg className="jp-Studio-glyph" viewBox="0 0 16 16" width={16} height={16} aria-hidden>
      <path d={PATHS[name]} />
    </svg>
  );
}

/** A button that looks like a link: it leads to another view. */
export function LinkButton(props: { title: string; onClick: () => void; children: ReactNode }): ReactElement {
  return (
    <button type="button" className="jp-Studio-link" title={props.title} onClick={props.onClick}>
      {props.children}
    </button>
  );
}

export interface IButtonProps {
  glyph?: GlyphName;
  /** What it does; the tip, and the name of a button without text, or whose text is how this begins ("Delete a"). */
  title: string;
  disabled?: boolean;
  /** For a button that is on or off. */
  pressed?: boolean;
  primary?: boolean;
  onClick: () => void;
  children?: ReactNode;
}

/** Several buttons may have the same text; read out, they are told apart. */
function isName(title: string, children: ReactNode): boolean {
  return children === undefined || (typeof children === 'string' && title.startsWith(children));
}

export function Button(props: IButtonProps): ReactElement {
  const { glyph, title, disabled, pressed, primary, onClick, children } = props;
  return (
    <button
      type="button"
      className={`jp-Studio-button${primary === true ? ' jp-mod-primary' : ''}${children === undefined ? ' jp-mod-icon' : ''}`}
      title={title}
      aria-label={isName(title, children) ? title : undefined}
      aria-pressed={pressed}
      disabled={disabled}
      onClick={onClick}
    >
      {glyph !== undefined && <Glyph name={glyph} />}
      {children}
    </button>
  );
}
