import type { IField } from '../../models/fields';

const LONGEST = 40; // characters of a default in a tip

/** A value as a choice shows it. */
export function choiceText(value: unknown): string {
  if (value === null) {
    return 'none';
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

export function defaultText(field: IField): string {
  const text = choiceText(field.initial);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

/** What a value must keep to, in a few words: "1 to 12", "UTC unless it says otherwise". */
export function limitsText({ kind, schema }: IField): string {
  const words: string[] = [];
  const { minimum, maximum } = schema;
  const above = schema['exclusiveMinimum'];
  const below = schema['exclusiveMaximum'];
  if (kind === 'integer' || kind === 'number') {
    if (typeof minimum === 'number' && typeof maximum === 'number') {
      words.push(`${minimum} to ${maximum}`);
    } else {
      words.push(...bound('at least', minimum), ...bound('at most', maximum));
    }
    words.push(...bound('more than', above), ...bound('less than', below), ...bound('a multiple of', schema['multipleOf']));
  }
  if (kind === 'lines') {
    words.push('one in each line');
  } else if (kind === 'json') {
    words.push('as JSON');
  } else if (kind === 'datetime' || kind === 'time') {
    words.push('in UTC');
  }
  return words.join(', ');
}

function bound(words: string, value: unknown): string[] {
  return typeof value === 'number' ? [`${words} ${value}`] : [];
}
