import { JSONExt } from '@lumino/coreutils';
import type { PartialJSONValue } from '@lumino/coreutils';

import type { JSONRecord } from './checked';
import { recordOf, textOr } from './checked';

/** How a param is asked for. `lines`: an array of texts or numbers, one in each line; `json`: all that is not simpler. */
export type FieldKind =
  | 'text'
  | 'choice'
  | 'integer'
  | 'number'
  | 'boolean'
  | 'date'
  | 'datetime'
  | 'time'
  | 'lines'
  | 'json';

/** One param of a form, made from its JSON Schema, or, without one, from its default. */
export interface IField {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly kind: FieldKind;
  /** It may be null, and that is not one of the choices. */
  readonly isNullable: boolean;
  /** There is no default. */
  readonly isRequired: boolean;
  readonly initial: unknown;
  readonly choices: readonly unknown[];
  /** What may be typed, among other things. */
  readonly examples: readonly string[];
  readonly schema: JSONRecord;
}

type Schemas = Readonly<Record<string, JSONRecord>>;

/** The fields of a DAG's params: those with a schema and those with only a default, in the order of the DAG. */
export function fieldsOf(params: JSONRecord, schemas: Schemas): IField[] {
  const names = new Set([...Object.keys(params), ...Object.keys(schemas)]);
  return [...names].map(name => fieldOf(name, params[name], schemas[name] ?? {}));
}

function fieldOf(name: string, initial: unknown, given: JSONRecord): IField {
  const { schema, types } = simplified(given);
  const isNullable = types.includes('null');
  const type = types.filter(each => each !== 'null');
  const start = initial === undefined ? given['default'] : initial;
  const choices = choicesOf(schema, type, isNullable);
  const kind = choices.length > 0 ? 'choice' : kindOf(schema, type, start);
  return {
    name,
    title: textOr(given['title'], name),
    description: textOr(given['description'], ''),
    kind,
    isNullable: isNullable && kind !== 'choice' && kind !== 'json',
    isRequired: start === undefined,
    initial: start,
    choices,
    examples: Array.isArray(given['examples']) ? given['examples'].filter(one => typeof one === 'string') : [],
    schema
  };
}

/** `anyOf: [{type: "integer"}, {type: "null"}]` is an integer that may be null. */
function simplified(given: JSONRecord): { schema: JSONRecord; types: string[] } {
  const listed = (value: unknown): string[] =>
    (Array.isArray(value) ? value : [value]).filter(one => typeof one === 'string');
  const alternatives = given['anyOf'] ?? given['oneOf'];
  if (given['type'] !== undefined || !Array.isArray(alternatives)) {
    return { schema: given, types: listed(given['type']) };
  }
  const others = alternatives.map(recordOf).filter(one => one['type'] !== 'null');
  const only = others[0];
  if (others.length !== 1 || only === undefined) {
    return { schema: given, types: [] };
  }
  const nulls = others.length < alternatives.length ? ['null'] : [];
  return { schema: { ...given, ...only }, types: [...listed(only['type']), ...nulls] };
}

function choicesOf(schema: JSONRecord, types: readonly string[], isNullable: boolean): unknown[] {
  const only = 'const' in schema ? [schema['const']] : [];
  const listed = Array.isArray(schema['enum']) ? (schema['enum'] as unknown[]) : only;
  if (listed.length > 0) {
    return isNullable && !listed.includes(null) ? [...listed, null] : listed;
  }
  return isNullable && types.length === 1 && types[0] === 'boolean' ? [true, false, null] : [];
}

const FORMATS: Readonly<Record<string, FieldKind>> = { date: 'date', 'date-time': 'datetime', time: 'time' };

function kindOf(schema: JSONRecord, types: readonly string[], initial: unknown): FieldKind {
  const type = types.length === 1 ? types[0] : types.length === 0 && !isCombined(schema) ? guessed(initial) : '';
  switch (type) {
    case 'string':
      return FORMATS[textOr(schema['format'], '')] ?? 'text';
    case 'integer':
    case 'number':
    case 'boolean':
      return type;
    case 'array':
      return ['string', 'integer', 'number'].includes(itemType(schema)) && !('enum' in recordOf(schema['items']))
        ? 'lines'
        : 'json';
    default:
      return 'json';
  }
}

function isCombined(schema: JSONRecord): boolean {
  return ['anyOf', 'oneOf', 'allOf', '$ref'].some(word => word in schema);
}

function guessed(value: unknown): string {
  return ['string', 'number', 'boolean'].includes(typeof value) ? typeof value : '';
}

export function itemType(schema: JSONRecord): string {
  return textOr(recordOf(schema['items'])['type'], '');
}

/** What stands in the field for a value; null: the field says "none". */
export function textOf(field: IField, value: unknown): string | null {
  if (value === undefined) {
    return field.kind === 'boolean' ? 'false' : '';
  }
  if (field.kind === 'choice') {
    const index = field.choices.findIndex(choice => isEqual(choice, value));
    return index < 0 ? '' : String(index);
  }
  if (value === null && field.isNullable) {
    return null;
  }
  if (field.kind === 'lines' && Array.isArray(value)) {
    return value.map(item => (typeof item === 'string' ? item : JSON.stringify(item))).join('\n');
  }
  return field.kind !== 'json' && typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}

export function isEqual(a: unknown, b: unknown): boolean {
  return JSONExt.deepEqual(a as PartialJSONValue, b as PartialJSONValue);
}
