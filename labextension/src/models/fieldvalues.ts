import { trans } from '../trans';
import type { JSONRecord } from './checked';
import { isDay } from './days';
import type { IField } from './fields';
import { itemType } from './fields';

/** What a field holds: a value, or what is wrong with it, in words. */
export type Reading = { readonly value: unknown } | { readonly problem: string };

/** Read what was typed. The server checks again, and knows rules that are not checked here. */
export function readField(field: IField, text: string | null): Reading {
  if (text === null) {
    return { value: null };
  }
  switch (field.kind) {
    case 'choice':
      return text === '' ? wrong(trans.__('Choose one.')) : { value: field.choices[Number(text)] };
    case 'boolean':
      return { value: text === 'true' };
    case 'integer':
    case 'number':
      return readNumber(text, field.kind === 'integer', field.schema);
    case 'date':
      return isDay(text) ? { value: text } : wrong(text === '' ? trans.__('Give a date.') : trans.__('This is no date like 2013-01-31.'));
    case 'datetime':
      return readMoment(text);
    case 'time':
      return text === '' ? wrong(trans.__('Give a time.')) : { value: withZone(text.length === 5 ? `${text}:00` : text) };
    case 'lines':
      return readLines(text, field.schema);
    case 'json':
      return readJson(text, field.schema);
    default:
      return field.isRequired && text === '' ? wrong(trans.__('Give a value.')) : checkedText(text, field.schema);
  }
}

function wrong(problem: string): Reading {
  return { problem };
}

function readNumber(text: string, isWhole: boolean, schema: JSONRecord): Reading {
  const value = Number(text.trim());
  if (text.trim() === '' || Number.isNaN(value) || !Number.isFinite(value)) {
    return wrong(isWhole ? trans.__('Give a whole number.') : trans.__('Give a number.'));
  }
  if (isWhole && !Number.isInteger(value)) {
    return wrong(trans.__('Give a whole number, without a fraction.'));
  }
  if (isWhole && !Number.isSafeInteger(value)) {
    return wrong(trans.__('This number has more digits than a browser can keep.'));
  }
  const limit = (word: string): number | null => (typeof schema[word] === 'number' ? schema[word] : null);
  const [least, most, above, below] = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'].map(limit);
  const step = limit('multipleOf');
  if (least != null && value < least) {
    return wrong(trans.__('At least %1.', least));
  }
  if (above != null && value <= above) {
    return wrong(trans.__('More than %1.', above));
  }
  if (most != null && value > most) {
    return wrong(trans.__('At most %1.', most));
  }
  if (below != null && value >= below) {
    return wrong(trans.__('Less than %1.', below));
  }
  if (step !== null && step > 0 && Math.abs(value / step - Math.round(value / step)) > 1e-9) {
    return wrong(trans.__('A multiple of %1.', step));
  }
  return { value };
}

function checkedText(value: string, schema: JSONRecord): Reading {
  const length = [...value].length;
  const { minLength, maxLength, pattern } = schema;
  if (typeof minLength === 'number' && length < minLength) {
    return wrong(minLength === 1 ? trans.__('Give a value.') : trans.__('At least %1 characters.', minLength));
  }
  if (typeof maxLength === 'number' && length > maxLength) {
    return wrong(trans.__('At most %1 characters; these are %2.', maxLength, length));
  }
  if (typeof pattern === 'string' && !matches(pattern, value)) {
    return wrong(trans.__('It must match %1', pattern));
  }
  return { value };
}

/** A pattern that this browser cannot read is left to the server. */
function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(value);
  } catch {
    return true;
  }
}

function readMoment(text: string): Reading {
  if (text === '' || Number.isNaN(Date.parse(text))) {
    return wrong(text === '' ? trans.__('Give a date and a time.') : trans.__('This is no moment like 2013-01-31T06:30:00Z.'));
  }
  return { value: withZone(/T\d\d:\d\d$/.test(text) ? `${text}:00` : text) };
}

/** JSON Schema's `date-time` and `time` have an offset always; what is typed without one is UTC. */
function withZone(text: string): string {
  return /(Z|[+-]\d\d:\d\d)$/i.test(text) ? text : `${text}Z`;
}

function readLines(text: string, schema: JSONRecord): Reading {
  const type = itemType(schema);
  const lines = text.split('\n').filter(line => line.trim() !== '');
  const items: unknown[] = [];
  for (const [index, line] of lines.entries()) {
    const item = type === 'string' ? { value: line } : readNumber(line, type === 'integer', {});
    if ('problem' in item) {
      return wrong(trans.__('Line %1: %2', index + 1, item.problem));
    }
    items.push(item.value);
  }
  return checkedItems(items, schema);
}

function checkedItems(items: readonly unknown[], schema: JSONRecord): Reading {
  const { minItems, maxItems, uniqueItems } = schema;
  if (typeof minItems === 'number' && items.length < minItems) {
    return wrong(trans.__('At least %1; these are %2.', minItems, items.length));
  }
  if (typeof maxItems === 'number' && items.length > maxItems) {
    return wrong(trans.__('At most %1; these are %2.', maxItems, items.length));
  }
  if (uniqueItems === true && new Set(items.map(item => JSON.stringify(item))).size < items.length) {
    return wrong(trans.__('Each only once.'));
  }
  return { value: items };
}

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  object: value => typeof value === 'object' && value !== null && !Array.isArray(value),
  array: value => Array.isArray(value),
  string: value => typeof value === 'string',
  number: value => typeof value === 'number',
  integer: value => Number.isInteger(value),
  boolean: value => typeof value === 'boolean',
  null: value => value === null
};

function readJson(text: string, schema: JSONRecord): Reading {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (reason) {
    return wrong(text.trim() === '' ? trans.__('Give a value, as JSON.') : trans.__('This is no JSON: %1', (reason as Error).message));
  }
  const types = (Array.isArray(schema['type']) ? schema['type'] : [schema['type']]).filter(
    one => typeof one === 'string'
  );
  if (types.length > 0 && !types.some(type => TYPES[type]?.(value) ?? true)) {
    return wrong(trans.__('It must be %1.', types.map(type => typeNames()[type] ?? type).join(trans.__(' or '))));
  }
  return Array.isArray(value) ? checkedItems(value, schema) : { value };
}

const typeNames = (): Readonly<Record<string, string>> => ({
  object: trans.__('an object: {"name": value}'),
  array: trans.__('a list: [1, 2]'),
  string: trans.__('a text: "like this"'),
  number: trans.__('a number'),
  integer: trans.__('a whole number'),
  boolean: trans.__('true or false')
});
