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
      return text === '' ? wrong('Choose one.') : { value: field.choices[Number(text)] };
    case 'boolean':
      return { value: text === 'true' };
    case 'integer':
    case 'number':
      return readNumber(text, field.kind === 'integer', field.schema);
    case 'date':
      return isDay(text) ? { value: text } : wrong(text === '' ? 'Give a date.' : 'This is no date like 2013-01-31.');
    case 'datetime':
      return readMoment(text);
    case 'time':
      return text === '' ? wrong('Give a time.') : { value: withZone(text.length === 5 ? `${text}:00` : text) };
    case 'lines':
      return readLines(text, field.schema);
    case 'json':
      return readJson(text, field.schema);
    default:
      return field.isRequired && text === '' ? wrong('Give a value.') : checkedText(text, field.schema);
  }
}

function wrong(problem: string): Reading {
  return { problem };
}

function readNumber(text: string, isWhole: boolean, schema: JSONRecord): Reading {
  const value = Number(text.trim());
  if (text.trim() === '' || Number.isNaN(value) || !Number.isFinite(value)) {
    return wrong(isWhole ? 'Give a whole number.' : 'Give a number.');
  }
  if (isWhole && !Number.isInteger(value)) {
    return wrong('Give a whole number, without a fraction.');
  }
  if (isWhole && !Number.isSafeInteger(value)) {
    return wrong('This number has more digits than a browser can keep.');
  }
  const limit = (word: string): number | null => (typeof schema[word] === 'number' ? schema[word] : null);
  const [least, most, above, below] = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'].map(limit);
  const step = limit('multipleOf');
  if (least != null && value < least) {
    return wrong(`At least ${least}.`);
  }
  if (above != null && value <= above) {
    return wrong(`More than ${above}.`);
  }
  if (most != null && value > most) {
    return wrong(`At most ${most}.`);
  }
  if (below != null && value >= below) {
    return wrong(`Less than ${below}.`);
  }
  if (step !== null && step > 0 && Math.abs(value / step - Math.round(value / step)) > 1e-9) {
    return wrong(`A multiple of ${step}.`);
  }
  return { value };
}

function checkedText(value: string, schema: JSONRecord): Reading {
  const length = [...value].length;
  const { minLength, maxLength, pattern } = schema;
  if (typeof minLength === 'number' && length < minLength) {
    return wrong(minLength === 1 ? 'Give a value.' : `At least ${minLength} characters.`);
  }
  if (typeof maxLength === 'number' && length > maxLength) {
    return wrong(`At most ${maxLength} characters; these are ${length}.`);
  }
  if (typeof pattern === 'string' && !matches(pattern, value)) {
    return wrong(`It must match ${pattern}`);
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
    return wrong(text === '' ? 'Give a date and a time.' : 'This is no moment like 2013-01-31T06:30:00Z.');
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
      return wrong(`Line ${index + 1}: ${item.problem}`);
    }
    items.push(item.value);
  }
  return checkedItems(items, schema);
}

function checkedItems(items: readonly unknown[], schema: JSONRecord): Reading {
  const { minItems, maxItems, uniqueItems } = schema;
  if (typeof minItems === 'number' && items.length < minItems) {
    return wrong(`At least ${minItems}; these are ${items.length}.`);
  }
  if (typeof maxItems === 'number' && items.length > maxItems) {
    return wrong(`At most ${maxItems}; these are ${items.length}.`);
  }
  if (uniqueItems === true && new Set(items.map(item => JSON.stringify(item))).size < items.length) {
    return wrong('Each only once.');
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
    return wrong(text.trim() === '' ? 'Give a value, as JSON.' : `This is no JSON: ${(reason as Error).message}`);
  }
  const types = (Array.isArray(schema['type']) ? schema['type'] : [schema['type']]).filter(
    one => typeof one === 'string'
  );
  if (types.length > 0 && !types.some(type => TYPES[type]?.(value) ?? true)) {
    return wrong(`It must be ${types.map(type => NAMES[type] ?? type).join(' or ')}.`);
  }
  return Array.isArray(value) ? checkedItems(value, schema) : { value };
}

const NAMES: Readonly<Record<string, string>> = {
  object: 'an object: {"name": value}',
  array: 'a list: [1, 2]',
  string: 'a text: "like this"',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false'
};
