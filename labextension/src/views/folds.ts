import { useCallback, useMemo, useState } from 'react';

import type { IGraphNode } from '../models/dag';
import { keepFolds, readFolds } from '../models/folds';
import type { IGroupedGraph } from '../models/graphgroups';
import { foldable, foldedAtFirst, groupedGraph } from '../models/graphgroups';
import type { IGroup } from '../models/groups';

export interface IFolding {
  readonly graph: IGroupedGraph;
  /** Whether there is anything to fold. */
  readonly hasGroups: boolean;
  /** Fold or unfold the group with this key. */
  readonly toggle: (key: string) => void;
  readonly foldAll: () => void;
  readonly unfoldAll: () => void;
}

/** What of a graph is folded, as this person left it when she looked at the DAG last. */
export function useFolds(dagId: string, nodes: readonly IGraphNode[], groups: readonly IGroup[]): IFolding {
  const before = useMemo(() => readFolds(dagId), [dagId]);
  const [own, setOwn] = useState<{ dagId: string; folded: readonly string[] } | null>(null);
  const kept = own?.dagId === dagId ? own.folded : before; // the view may go on with another DAG
  const folded = useMemo(() => new Set(kept ?? foldedAtFirst(nodes, groups)), [kept, nodes, groups]);
  const graph = useMemo(() => groupedGraph(nodes, groups, folded), [nodes, groups, folded]);
  const put = useCallback(
    (next: readonly string[]): void => {
      setOwn({ dagId, folded: next });
      keepFolds(dagId, next);
    },
    [dagId]
  );
  const toggle = useCallback(
    (key: string): void => {
      const id = graph.groups.get(key)?.id;
      if (id !== undefined) {
        put(folded.has(id) ? [...folded].filter(other => other !== id) : [...folded, id]);
      }
    },
    [graph, folded, put]
  );
  const foldAll = useCallback(() => put(foldable(nodes, groups)), [put, nodes, groups]);
  const unfoldAll = useCallback(() => put([]), [put]);
  return { graph, hasGroups: graph.groups.size > 0, toggle, foldAll, unfoldAll };
}
