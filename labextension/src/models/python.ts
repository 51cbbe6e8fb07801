import type { CreateBackfill } from '../api/schema';

/** A JSON value as Python writes it. */
export function literal(value: unknown): string {
  if (value === null || value === undefined) {
    return 'None';
  }
  if (typeof value === 'boolean') {
    return value ? 'True' : 'False';
  }
  if (Array.isArray(value)) {
    return `[${value.map(literal).join(', ')}]`;
  }
  if (typeof value === 'object') {
    return `{${Object.entries(value)
      .map(([name, item]) => `${JSON.stringify(name)}: ${literal(item)}`)
      .join(', ')}}`;
  }
  return JSON.stringify(value); // a text of JSON is one of Python, too
}

/** The call of Python that makes a backfill; what is as by default is left out. */
export function backfillCall(asked: CreateBackfill): string {
  const words = [asked.start, asked.end].filter(date => date != null).map(literal);
  const named: [string, unknown, boolean][] = [
    ['only', asked.reprocess, (asked.reprocess ?? 'missing') !== 'missing'],
    ['reverse', asked.reverse, asked.reverse === true],
    ['max_active_runs', asked.max_active_runs, (asked.max_active_runs ?? 10) !== 10],
    ['tasks', asked.tasks, (asked.tasks?.length ?? 0) > 0],
    ['upstream', asked.upstream, asked.upstream === false],
    ['params', asked.params, Object.keys(asked.params ?? {}).length > 0]
  ];
  return callOf('dag.backfill', words, named);
}

/** The call of Python that starts a run. */
export function triggerCall(logicalDate: string | null, params: Readonly<Record<string, unknown>>): string {
  return callOf(
    'dag.trigger',
    [],
    [
      ['logical_date', logicalDate, logicalDate !== null],
      ['params', params, Object.keys(params).length > 0]
    ]
  );
}

function callOf(name: string, words: readonly string[], named: readonly [string, unknown, boolean][]): string {
  const given = named.filter(([, , isGiven]) => isGiven).map(([word, value]) => `${word}=${literal(value)}`);
  return `${name}(${[...words, ...given].join(', ')})`;
}
