/** Which groups of a DAG's graph are folded, kept in the browser: each person folds for herself. */

const PREFIX = 'pipeline-studio:folded:';
const MOST = 2000; // groups

/** What was folded when it was looked at last; null: nobody has folded or unfolded anything in it. */
export function readFolds(dagId: string, storage: Storage | null = browserStorage()): readonly string[] | null {
  try {
    const kept: unknown = JSON.parse(storage?.getItem(PREFIX + dagId) ?? 'null');
    return Array.isArray(kept) ? kept.filter(id => typeof id === 'string').slice(0, MOST) : null;
  } catch {
    return null; // somebody else's, or forbidden
  }
}

export function keepFolds(dagId: string, folded: Iterable<string>, storage: Storage | null = browserStorage()): void {
  try {
    storage?.setItem(PREFIX + dagId, JSON.stringify([...folded].slice(0, MOST)));
  } catch {
    // Full, or forbidden: then they are as at first when it is looked at again.
  }
}

/** Null where a page may keep nothing, as in a frame of another site. */
function browserStorage(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}
