import { useSyncExternalStore } from 'react';

import type { IPlace } from '../models/place';
import { readPlace } from '../models/place';

/** The pages of the dashboard, in the order of its menu. */
export const PAGES = [
  'overview',
  'dags',
  'runs',
  'backfills',
  'approvals',
  'assets',
  'pools',
  'variables',
  'connections',
  'audit'
] as const;
export type PageName = (typeof PAGES)[number];

/** What the address says: a page, or a place in a DAG. */
export type Address = { readonly page: PageName; readonly place: null } | { readonly page: 'dags'; readonly place: IPlace };

/** `#/runs`, `#/dags/flights/grid?run=…`; what makes no sense leads to the overview. */
export function readAddress(hash: string): Address {
  const path = hash.replace(/^#\/?/, '');
  if (path.startsWith('dags/')) {
    const place = readPlace(path.slice('dags/'.length));
    if (place !== null) {
      return { page: 'dags', place };
    }
  }
  return { page: PAGES.find(page => page === path) ?? 'overview', place: null };
}

/** The part of the address that changes, kept current. */
export function useHash(): string {
  return useSyncExternalStore(
    onChange => {
      window.addEventListener('hashchange', onChange);
      return () => window.removeEventListener('hashchange', onChange);
    },
    () => location.hash
  );
}
