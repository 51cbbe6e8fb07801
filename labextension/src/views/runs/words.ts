import type { RunSummary } from '../../api/schema';
import { trans } from '../../trans';

/** What the types of runs are called. */
export const runTypes = (): Readonly<Record<string, string>> => ({
  scheduled: trans.__('scheduled'),
  manual: trans.__('by hand'),
  backfill: trans.__('backfill'),
  asset: trans.__('by an asset'),
  operator: trans.__('by a task')
});

export function typeOf(run: RunSummary): string {
  return runTypes()[run.run_type] ?? run.run_type;
}
