import { nullTranslator } from '@jupyterlab/translation';
import type { Column, RowFilter } from '../../src/api/types';
import {
  ALL_ROWS,
  begin,
  choiceOf,
  type Comparison,
  comparisonsOf,
  type ICondition,
  kindOf,
  moveTo,
  testOf,
  treeOf
} from '../../src/data/rows';
import { rowWords } from '../../src/data/rowwords';

const trans = nullTranslator.load('jupyter-mlplatform');

function column(name: string, type: string): Column {
  return { name, type, description: '', tags: [] };
}

const COLUMNS = [
  column('plant', 'string'),
  column('fault', 'int64'),
  column('force', 'double'),
  column('ok', 'bool'),
  column('day', 'date32[day]'),
  column('at', 'timestamp[us, tz=UTC]'),
  column('curve', 'list<item: double>')
];

function condition(name: string, comparison: Comparison, value = '', upper = ''): ICondition {
  return { column: name, comparison, value, upper };
}

function range(name: string, ends: Partial<Extract<RowFilter, { test: 'range' }>>): RowFilter {
  return { test: 'range', column: name, at_least: null, at_most: null, below: null, ...ends };
}

describe('The kind of a column', () => {
  it.each([
    ['string', 'text'],
    ['dictionary<values=string, indices=int32, ordered=0>', 'text'],
    ['dictionary<values=int64, indices=int8, ordered=1>', 'whole'],
    ['varchar(20)', 'text'],
    ['uint8', 'whole'],
    ['bigint', 'whole'],
    ['halffloat', 'real'],
    ['decimal128(12, 2)', 'real'],
    ['boolean', 'truth'],
    ['date32[day]', 'day'],
    ['timestamp[ns, tz=Europe/Vienna]', 'instant'],
    ['list<item: double>', 'other'],
    ['struct<a: int64>', 'other'],
    ['time64[us]', 'other'],
    ['something new', 'text']
  ])('of type %s is %s', (type, kind) => expect(kindOf(type)).toBe(kind));

  it('decides how it can be compared, and only its presence when it cannot', () => {
    expect(comparisonsOf('other')).toEqual(['present', 'missing']);
    expect(comparisonsOf('truth')).toEqual(['is', 'missing', 'present']);
    expect(comparisonsOf('text')).not.toContain('between');
    expect(comparisonsOf('whole')).not.toContain('fits');
  });
});

describe('A condition that is filled in', () => {
  it.each<[ICondition, RowFilter]>([
    [condition('plant', 'is', 'Graz'), { test: 'equals', column: 'plant', value: 'Graz' }],
    [condition('plant', 'is_not', '7'), { test: 'not', of: { test: 'equals', column: 'plant', value: '7' } }],
    [
      condition('plant', 'one_of', ' Graz \n\nWien\nGraz'),
      { test: 'in', column: 'plant', values: ['Graz', 'Wien'] }
    ],
    [condition('fault', 'one_of', '1'), { test: 'equals', column: 'fault', value: 1 }],
    [
      condition('fault', 'none_of', '1\n2'),
      { test: 'not', of: { test: 'in', column: 'fault', values: [1, 2] } }
    ],
    [condition('force', 'at_least', '2.50'), range('force', { at_least: '2.50' })],
    [condition('force', 'at_most', '2.5'), range('force', { at_most: 2.5 })],
    [condition('force', 'below', '-1e3'), range('force', { below: -1000 })],
    [condition('force', 'above', '3'), { test: 'not', of: range('force', { at_most: 3 }) }],
    [condition('force', 'between', '1', '2'), range('force', { at_least: 1, at_most: 2 })],
    [condition('plant', 'fits', 'G*'), { test: 'like', column: 'plant', pattern: 'G*' }],
    [
      condition('plant', 'fits_not', 'G*'),
      { test: 'not', of: { test: 'like', column: 'plant', pattern: 'G*' } }
    ],
    [condition('ok', 'is', 'false'), { test: 'equals', column: 'ok', value: false }],
    [condition('day', 'at_least', '2026-01-31'), range('day', { at_least: '2026-01-31' })],
    [condition('at', 'below', '2026-01-31T12:00'), range('at', { below: '2026-01-31T12:00' })],
    [condition('curve', 'missing'), { test: 'null', column: 'curve' }],
    [condition('curve', 'present'), { test: 'not', of: { test: 'null', column: 'curve' } }]
  ])('%j means %j', (filled, tree) => expect(testOf(filled, COLUMNS)).toEqual(tree));

  it('keeps a number as text where JavaScript would change it', () => {
    expect(testOf(condition('fault', 'is', '9007199254740993'), COLUMNS)).toMatchObject({
      value: '9007199254740993'
    });
  });

  it.each([
    condition('plant', 'is', '  '),
    condition('plant', 'one_of', '\n \n'),
    condition('fault', 'is', '1.5'),
    condition('force', 'between', '1', ''),
    condition('force', 'at_least', 'much'),
    condition('fault', 'one_of', '1\nx'),
    condition('ok', 'is', 'maybe'),
    condition('gone', 'is', '1')
  ])('is not complete, or does not fit: %j', filled => expect(testOf(filled, COLUMNS)).toBeNull());
});

describe('A choice of rows', () => {
  it('means all rows without a condition, and nothing yet while one is not complete', () => {
    expect(treeOf(ALL_ROWS, COLUMNS)).toBeNull();
    const conditions = [condition('plant', 'is', 'Graz'), begin(COLUMNS[1])];
    expect(treeOf({ conditions, kept: null }, COLUMNS)).toBeUndefined();
  });

  it('joins its conditions by "and", also with one that it cannot show', () => {
    const kept: RowFilter = { test: 'or', of: [{ test: 'null', column: 'plant' }] };
    const conditions = [condition('plant', 'is', 'Graz')];
    expect(treeOf({ conditions, kept }, COLUMNS)).toEqual({
      test: 'and',
      of: [kept, { test: 'equals', column: 'plant', value: 'Graz' }]
    });
  });

  it('keeps what was filled in on a column of the same kind, and begins anew on another', () => {
    const filled = condition('force', 'between', '1', '2');
    expect(moveTo(filled, column('current', 'float'), 'real')).toEqual({ ...filled, column: 'current' });
    expect(moveTo(filled, COLUMNS[0], 'real')).toEqual(condition('plant', 'is'));
  });

  it.each<RowFilter>([
    { test: 'equals', column: 'plant', value: 'Graz' },
    { test: 'not', of: { test: 'in', column: 'fault', values: [1, 2] } },
    range('force', { at_least: 1, at_most: 2.5 }),
    { test: 'not', of: range('day', { at_most: '2026-01-31' }) },
    {
      test: 'and',
      of: [
        { test: 'like', column: 'plant', pattern: 'G*' },
        { test: 'not', of: { test: 'null', column: 'curve' } },
        { test: 'equals', column: 'ok', value: true }
      ]
    }
  ])('is shown as fields that mean the same again: %j', tree => {
    const choice = choiceOf(tree, COLUMNS);
    expect(choice.kept).toBeNull();
    expect(treeOf(choice, COLUMNS)).toEqual(tree);
  });

  it('shows an instant as its field writes it, without the zone', () => {
    const choice = choiceOf(range('at', { below: '2026-01-31T12:00:00Z' }), COLUMNS);
    expect(choice.conditions[0].value).toBe('2026-01-31T12:00:00');
  });

  it.each<RowFilter>([
    { test: 'or', of: [{ test: 'null', column: 'plant' }] },
    { test: 'not', of: { test: 'and', of: [] } },
    { test: 'not', of: range('force', { at_least: 1, at_most: 2 }) },
    range('force', { at_least: 1, below: 2 }),
    { test: 'not', of: { test: 'equals', column: 'ok', value: true } },
    { test: 'in', column: 'plant', values: ['two\nlines', 'one'] },
    { test: 'in', column: 'plant', values: [' begins with a space', 'one'] },
    { test: 'equals', column: 'no such column', value: 1 }
  ])('is kept as it is where fields cannot show it: %j', tree => {
    expect(choiceOf(tree, COLUMNS)).toEqual({ conditions: [], kept: tree });
    expect(treeOf(choiceOf(tree, COLUMNS), COLUMNS)).toEqual(tree);
  });
});

describe('The words of a row filter', () => {
  const equals = (name: string, value: string | number | boolean): RowFilter => ({
    test: 'equals',
    column: name,
    value
  });
  // As the server's own rowwords.py says them.
  it.each<[string, RowFilter]>([
    ['plant is Graz', equals('plant', 'Graz')],
    ['plant is not "St. Pölten"', { test: 'not', of: equals('plant', 'St. Pölten') }],
    ['plant is Graz, Wien or Linz', { test: 'in', column: 'plant', values: ['Graz', 'Wien', 'Linz'] }],
    [
      'plant is none of Graz, Wien',
      { test: 'not', of: { test: 'in', column: 'plant', values: ['Graz', 'Wien'] } }
    ],
    ['force is at least 2.5 and at most 10', range('force', { at_least: 2.5, at_most: 10 })],
    ['n is below 0.1', range('n', { below: 0.1 })],
    ['day is on or after 2026-01-31', range('day', { at_least: '2026-01-31' })],
    [
      'day is after 2026-01-31T12:00:00Z',
      { test: 'not', of: range('day', { at_most: '2026-01-31T12:00:00Z' }) }
    ],
    ['not (n is at least 1 and at most 2)', { test: 'not', of: range('n', { at_least: 1, at_most: 2 }) }],
    ['name fits "Weld*"', { test: 'like', column: 'name', pattern: 'Weld*' }],
    [
      'name does not fit "a\\"b\\\\c"',
      { test: 'not', of: { test: 'like', column: 'name', pattern: 'a"b\\c' } }
    ],
    ['"the name" is missing', { test: 'null', column: 'the name' }],
    ['"missing" is present', { test: 'not', of: { test: 'null', column: 'missing' } }],
    ['ok is true', equals('ok', true)],
    ['ok is "true"', equals('ok', 'true')],
    ['x is "none"', equals('x', 'none')],
    ['x is ""', equals('x', '')],
    ['x is "a b\\u202ec\\u000a😀"', equals('x', 'a b\u202ec\n😀')],
    ['x is "a\\u00a0b"', equals('x', 'a\u00a0b')],
    ['x is -3', equals('x', -3)],
    [
      'a is 1, or (b is 2, and c is missing)',
      {
        test: 'or',
        of: [equals('a', 1), { test: 'and', of: [equals('b', 2), { test: 'null', column: 'c' }] }]
      }
    ],
    [
      'not (a is 1, or c is missing)',
      { test: 'not', of: { test: 'or', of: [equals('a', 1), { test: 'null', column: 'c' }] } }
    ],
    [
      'n is 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20 or 2 more',
      { test: 'in', column: 'n', values: Array.from({ length: 22 }, (_, index) => index + 1) }
    ]
  ])('%s', (words, tree) => expect(rowWords(tree, trans)).toBe(words));
});
