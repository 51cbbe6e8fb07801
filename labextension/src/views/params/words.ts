import type { IField } from '../../models/fields';
import { trans } from '../../trans';

const LONGEST = 40; // characters of a default in a tip

/** A value as a choice shows it. */
export function choiceText(value: unknown): string {
  if (value === null) {
    return trans.__('none');
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
      words.push(trans.__('%1 to %2', minimum, maximum));
    } else {
      words.push(...bound(value => trans.__('at least %1', value), minimum), ...bound(value => trans.__('at most %1', value), maximum));
    }
    words.push(
      ...bound(value => trans.__('more than %1', value), above),
      ...bound(value => trans.__('less than %1', value), below),
      ...bound(value => trans.__('a multiple of %1', value), schema['multipleOf'])
    );
  }
  if (kind === 'lines') {
    words.push(trans.__('one in each line'));
  } else if (kind === 'json') {
    words.push(trans.__('as JSON'));
  } else if (kind === 'datetime' || kind === 'time') {
    words.push(trans.__('in UTC'));
  }
  return words.join(', ');
}

function bound(words: (value: number) => string, value: unknown): string[] {
  return typeof value === 'number' ? [words(value)] : [];
}
