import type { StudioError } from '../api/errors';
import type { JSONRecord } from './checked';
import type { IField } from './fields';
import { fieldsOf, isEqual, textOf } from './fields';
import { readField } from './fieldvalues';
import { Model } from './model';

const FIELD = 'params.'; // how the server names a param in an error

/** A form for params: what was typed, what it means, and what is wrong with it. */
export class ParamsModel extends Model {
  constructor(given: JSONRecord = {}) {
    super();
    this._given = given;
  }

  get fields(): readonly IField[] {
    return this._fields;
  }

  /** Take the params of a DAG, or of another version of it: what was typed stays. */
  load(params: JSONRecord, schemas: Readonly<Record<string, JSONRecord>>): void {
    if (isEqual([params, schemas], this._loaded)) {
      return;
    }
    this._loaded = [params, schemas];
    this._fields = fieldsOf(params, schemas);
    for (const field of this._fields) {
      const { name } = field;
      if (!this._touched.has(name)) {
        this._texts.set(name, textOf(field, name in this._given ? this._given[name] : field.initial));
      }
    }
    this.emit();
  }

  /** Null: none, the JSON value. */
  text(name: string): string | null {
    return this._texts.get(name) ?? (this._texts.has(name) ? null : '');
  }

  set(name: string, text: string | null): void {
    this._texts.set(name, text);
    this._touched.add(name);
    this._refused.delete(name);
    this.emit();
  }

  /** Back to the default. */
  reset(name: string): void {
    const field = this._fields.find(candidate => candidate.name === name);
    if (field !== undefined) {
      this._texts.set(name, textOf(field, field.initial));
      this._touched.delete(name);
      this._refused.delete(name);
      this.emit();
    }
  }

  /** Whether it has a default, and another value. */
  isChanged(field: IField): boolean {
    const reading = readField(field, this.text(field.name));
    return !field.isRequired && !('value' in reading && isEqual(reading.value, field.initial));
  }

  /** What is wrong with a field, as far as it is to be said: not before it was touched, or sending was tried. */
  problem(field: IField): string | null {
    const refused = this._refused.get(field.name);
    if (refused !== undefined) {
      return refused;
    }
    const reading = readField(field, this.text(field.name));
    const isSaid = this._isTried || this._touched.has(field.name);
    return 'problem' in reading && isSaid ? reading.problem : null;
  }

  get isValid(): boolean {
    return this._fields.every(field => 'value' in readField(field, this.text(field.name)));
  }

  /** Say from now on all that is wrong; the name of the first such field, or null. */
  attempt(): string | null {
    this._isTried = true;
    this.emit();
    return this._fields.find(field => this.problem(field) !== null)?.name ?? null;
  }

  /** What differs from the defaults; fields that are wrong are left out. */
  changes(): Record<string, unknown> {
    const found: Record<string, unknown> = {};
    for (const field of this._fields) {
      const reading = readField(field, this.text(field.name));
      if ('value' in reading && (field.isRequired || !isEqual(reading.value, field.initial))) {
        found[field.name] = reading.value;
      }
    }
    return found;
  }

  /** Show what the server says of a param at its field; false if it is not about one of these. */
  refuse(error: StudioError): boolean {
    const name = error.field?.startsWith(FIELD) === true ? error.field.slice(FIELD.length) : null;
    if (name === null || !this._texts.has(name)) {
      return false;
    }
    this._refused.set(name, [error.message, error.hint].filter(Boolean).join(' '));
    this.emit();
    return true;
  }

  private readonly _given: JSONRecord;
  private readonly _texts = new Map<string, string | null>();
  private readonly _touched = new Set<string>();
  private readonly _refused = new Map<string, string>();
  private _loaded: readonly unknown[] = [];
  private _fields: readonly IField[] = [];
  private _isTried = false;
}
