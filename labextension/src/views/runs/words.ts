import type { RunSummary } from '../../api/schema';

/** What the types of runs are called. */
export const RUN_TYPES: Readonly<Record<string, string>> = {
  scheduled: 'scheduled',
  manual: 'by hand',
  backfill: 'backfill',
  asset: 'by an asset',
  operator: 'by a task'
};

export function typeOf(run: RunSummary): string {
  return RUN_TYPES[run.run_type] ?? run.run_type;
}
