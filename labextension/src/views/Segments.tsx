import type { ReactElement } from 'react';
import { useId } from 'react';

export interface ISegment<V extends string> {
  readonly value: V;
  readonly label: string;
  readonly title?: string;
}

export interface ISegmentsProps<V extends string> {
  label: string;
  segments: readonly ISegment<V>[];
  value: V;
  onChange: (value: V) => void;
}

/** One of a few, side by side; radio buttons underneath, so that arrow keys choose. */
export function Segments<V extends string>({ label, segments, value, onChange }: ISegmentsProps<V>): ReactElement {
  const name = useId();
  return (
    <div className="jp-Studio-segments" role="radiogroup" aria-label={label}>
      {segments.map(segment => (
        <label key={segment.value} className={segment.value === value ? 'jp-mod-on' : ''} title={segment.title}>
          <input
            type="radio"
            name={name}
            checked={segment.value === value}
            onChange={() => onChange(segment.value)}
          />
          {segment.label}
        </label>
      ))}
    </div>
  );
}
