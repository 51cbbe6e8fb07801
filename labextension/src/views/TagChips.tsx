import type { ReactElement } from 'react';

import type { DagSummary } from '../api/schema';
import { trans } from '../trans';

export interface ITagChipsProps {
  dags: readonly DagSummary[];
  /** Null: of any tag. */
  chosen: string | null;
  onChoose: (tag: string | null) => void;
}

/** The tags of these DAGs; one of them may be chosen. */
export function TagChips({ dags, chosen, onChoose }: ITagChipsProps): ReactElement | null {
  const tags = [...new Set(dags.flatMap(dag => dag.tags))].sort();
  if (tags.length === 0) {
    return null;
  }
  return (
    <div className="jp-Studio-chips" role="group" aria-label={trans.__('Tags')}>
      {tags.map(tag => (
        <button
          key={tag}
          type="button"
          className="jp-Studio-chip jp-mod-newest"
          aria-pressed={tag === chosen}
          title={tag === chosen ? trans.__('Show DAGs of any tag') : trans.__('Show DAGs with the tag %1', tag)}
          onClick={() => onChoose(tag === chosen ? null : tag)}
        >
          {tag}
        </button>
      ))}
    </div>
  );
}
