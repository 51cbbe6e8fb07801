import assert from 'node:assert/strict';
import { test } from 'node:test';

import { StudioError } from '../src/api/errors';
import { fieldsOf, textOf } from '../src/models/fields';
import { readField } from '../src/models/fieldvalues';
import { ParamsModel } from '../src/models/params';

type Schema = Record<string, unknown>;

function field(schema: Schema, initial?: unknown) {
  const made = fieldsOf(initial === undefined ? {} : { x: initial }, { x: schema })[0];
  assert.ok(made !== undefined);
  return made;
}

test('each schema has the field that fits it', () => {
  const kinds: [Schema, unknown, string][] = [
    [{ type: 'string' }, 'a', 'text'],
    [{ enum: ['a', 'b'] }, 'a', 'choice'],
    [{ const: 3 }, 3, 'choice'],
    [{ type: 'integer' }, 1, 'integer'],
    [{ type: ['number', 'null'] }, null, 'number'],
    [{ anyOf: [{ type: 'integer' }, { type: 'null' }] }, null, 'integer'],
    [{ type: 'boolean' }, true, 'boolean'],
    [{ type: ['boolean', 'null'] }, null, 'choice'],
    [{ type: 'string', format: 'date' }, '2013-01-01', 'date'],
    [{ type: 'string', format: 'date-time' }, '2013-01-01T00:00:00Z', 'datetime'],
    [{ type: 'array', items: { type: 'integer' } }, [1], 'lines'],
    [{ type: 'array', items: { type: 'object' } }, [], 'json'],
    [{ type: 'object' }, {}, 'json'],
    [{ anyOf: [{ type: 'integer' }, { type: 'string' }] }, 1, 'json'],
    [{}, 'text', 'text'],
    [{}, 1.5, 'number'],
    [{}, [1], 'json']
  ];
  assert.deepEqual(
    kinds.map(([schema, initial]) => field(schema, initial).kind),
    kinds.map(([, , kind]) => kind)
  );
});

test('what is shown for a value reads as that value again', () => {
  const pairs: [Schema, unknown][] = [
    [{ type: 'string' }, 'a "b"'],
    [{ type: 'integer' }, -3],
    [{ type: 'number' }, 0.25],
    [{ type: 'boolean' }, false],
    [{ enum: ['a', 2, null] }, null],
    [{ type: ['string', 'null'] }, null],
    [{ type: 'string', format: 'date-time' }, '2013-01-01T00:00:00Z'],
    [{ type: 'array', items: { type: 'string' } }, ['a', 'b c']],
    [{ type: 'object' }, { a: [1, null] }],
    [{}, null]
  ];
  for (const [schema, value] of pairs) {
    const made = field(schema, value);
    assert.deepEqual(readField(made, textOf(made, value)), { value });
  }
});

test('what breaks a rule is said', () => {
  const wrong: [Schema, string, string][] = [
    [{ type: 'integer' }, '1.5', 'Give a whole number, without a fraction.'],
    [{ type: 'integer' }, '', 'Give a whole number.'],
    [{ type: 'integer' }, '9007199254740993', 'This number has more digits than a browser can keep.'],
    [{ type: 'integer', minimum: 1 }, '0', 'At least 1.'],
    [{ type: 'number', exclusiveMaximum: 1 }, '1', 'Less than 1.'],
    [{ type: 'number', multipleOf: 0.5 }, '0.7', 'A multiple of 0.5.'],
    [{ type: 'string', minLength: 2 }, 'a', 'At least 2 characters.'],
    [{ type: 'string', maxLength: 1 }, '😀😀', 'At most 1 characters; these are 2.'],
    [{ type: 'string', pattern: '^[A-Z]{3}$' }, 'jfk', 'It must match ^[A-Z]{3}$'],
    [{ type: 'string', format: 'date' }, '2013-02-30', 'This is no date like 2013-01-31.'],
    [{ type: 'array', items: { type: 'integer' } }, '1\nx', 'Line 2: Give a whole number.'],
    [{ type: 'array', items: { type: 'string' }, uniqueItems: true }, 'a\na', 'Each only once.'],
    [{ type: 'object' }, '[1]', 'It must be an object: {"name": value}.'],
    [{ enum: ['a'] }, '', 'Choose one.']
  ];
  for (const [schema, text, problem] of wrong) {
    assert.deepEqual(readField(field(schema), text), { problem });
  }
});

test('a pattern that the browser cannot read is left to the server', () => {
  assert.deepEqual(readField(field({ type: 'string', pattern: '(?P<x>a)' }), 'b'), { value: 'b' });
});

test('a form sends what differs from the defaults, and what has none', () => {
  const params = new ParamsModel();
  params.load({ n: 5, s: 'a' }, { n: { type: 'integer' }, day: { type: 'string', format: 'date' } });
  assert.deepEqual([params.isValid, params.changes()], [false, {}]);
  params.set('day', '2013-01-01');
  params.set('n', '5');
  assert.deepEqual([params.isValid, params.changes()], [true, { day: '2013-01-01' }]);
  params.set('n', '6');
  assert.deepEqual(params.changes(), { day: '2013-01-01', n: 6 });
  params.reset('n');
  assert.deepEqual(params.changes(), { day: '2013-01-01' });
});

test('a field is not blamed before it was touched, or sending was tried', () => {
  const params = new ParamsModel();
  params.load({}, { day: { type: 'string', format: 'date' } });
  const [day] = params.fields;
  assert.ok(day !== undefined);
  assert.equal(params.problem(day), null);
  assert.equal(params.attempt(), 'day');
  assert.equal(params.problem(day), 'Give a date.');
});

test('what the server says of a param stands at its field until that is changed', () => {
  const params = new ParamsModel();
  params.load({ n: 5 }, {});
  const [n] = params.fields;
  assert.ok(n !== undefined);
  const about = (name: string) => new StudioError({ code: 'invalid', message: 'It is odd.', field: name });
  assert.deepEqual([params.refuse(about('params.n')), params.refuse(about('start'))], [true, false]);
  assert.equal(params.problem(n), 'It is odd.');
  params.set('n', '6');
  assert.equal(params.problem(n), null);
});

test('another version of the DAG leaves what was typed', () => {
  const params = new ParamsModel({ s: 'given' });
  params.load({ n: 5, s: 'a' }, {});
  params.set('n', '7');
  params.load({ n: 1, s: 'b', more: true }, {});
  assert.deepEqual(params.changes(), { n: 7, s: 'given' });
});
