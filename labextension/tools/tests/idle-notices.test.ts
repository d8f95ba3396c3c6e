import { Notification } from '@jupyterlab/apputils';
import type { Event } from '@jupyterlab/services';
import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { News } from '../../src/api/news';
import { IdleModel } from '../../src/idle/model';
import { IdleNotices } from '../../src/idle/notices';
import { sentence } from '../../src/idle/words';
import { IdleNow } from '../../src/idle/status';
import { FakeServer } from './server';

const trans = nullTranslator.load('jupyter-mlplatform');

let stream: Signal<object, Event.Emission>;
let news: News;
beforeEach(() => {
  jest.useFakeTimers();
  stream = new Signal<object, Event.Emission>({});
  news = new News(stream as unknown as Event.Stream);
});
afterEach(() => {
  jest.advanceTimersByTime(3_600_000);
  news.dispose();
  Notification.manager.dismiss();
  jest.useRealTimers();
});

function idle(action: string, change: Record<string, unknown> = {}): void {
  stream.emit({
    schema_id: 'https://schema.jupyter-mlplatform.dev/idle/v1',
    action,
    subject: 'kernel:k1',
    kind: 'kernel',
    name: 'python3',
    path: 'work/train.ipynb',
    stops_in_seconds: null,
    why: 'Nothing ran for 30 min.',
    request: '',
    ...change
  } as unknown as Event.Emission);
}

const WORKSPACE = { subject: 'workspace', kind: 'workspace', name: '', path: '' };
const other = (number: number): Record<string, unknown> => ({
  subject: `kernel:o${number}`,
  path: `work/other${number}.ipynb`
});

function told(): { message: string; type: string; actions: string[] }[] {
  return Notification.manager.notifications.map(({ message, type, options }) => ({
    message,
    type,
    actions: (options.actions ?? []).map(action => action.label)
  }));
}

const messages = (): string[] => told().map(one => one.message);

/** Press a button of the only notification. */
function press(label: string): void {
  const [{ options }] = Notification.manager.notifications;
  options.actions?.find(action => action.label === label)?.callback(new MouseEvent('click'));
}

describe('News of idle shutdown', () => {
  const refresh = jest.fn();
  const keep = jest.fn();
  const choose = jest.fn();
  const open = jest.fn();
  const expected = jest.fn();
  let keptHere: string;
  beforeEach(() => {
    [refresh, keep, choose, open, expected].forEach(reaction => reaction.mockReset());
    keptHere = '';
    new IdleNotices(news, trans, {
      refresh,
      keep,
      choose,
      open,
      expect: expected,
      wasKeptHere: subject => subject === keptHere
    });
  });

  it('warns with a countdown and ways to keep, and waits for a sign of the person', () => {
    idle('warned', { stops_in_seconds: 300 });
    expect(told()).toEqual([
      {
        message: 'train.ipynb stops in 5 min. Nothing ran for 30 min.',
        type: 'warning',
        actions: ['Keep 1 h', 'Keep 4 h', 'Until…', 'Why?']
      }
    ]);
    expect(expected).toHaveBeenCalled();
    jest.advanceTimersByTime(280_000);
    expect(messages()).toEqual(['train.ipynb stops in 20 s. Nothing ran for 30 min.']);
    press('Keep 1 h');
    expect(keep).toHaveBeenCalledWith(3600, ['kernel:k1']);
    press('Keep 4 h');
    expect(keep).toHaveBeenCalledWith(14_400, ['kernel:k1']);
    press('Until…');
    expect(choose).toHaveBeenCalledWith('kernel:k1');
  });

  it('changes the text, which is read out, only with the minutes and at the end with tens of seconds', () => {
    const update = jest.spyOn(Notification, 'update');
    idle('warned', { stops_in_seconds: 120 });
    jest.advanceTimersByTime(119_000);
    expect(update.mock.calls.length).toBeLessThanOrEqual(8);
  });

  it('warns of the workspace only, when it stops with all that is in it', () => {
    idle('warned', { stops_in_seconds: 300 });
    idle('warned', { ...other(1), stops_in_seconds: 300 });
    idle('warned', { ...WORKSPACE, stops_in_seconds: 60 });
    idle('warned', { ...other(2), stops_in_seconds: 300 });
    expect(messages()).toEqual(['The workspace stops in 1 min. Nothing ran for 30 min.']);
    press('Keep 1 h');
    expect(keep).toHaveBeenCalledWith(3600, ['workspace']);
    idle('cancelled', { ...WORKSPACE, why: 'You are back.' });
    idle('cancelled', { why: 'You are back.' });
    idle('cancelled', { ...other(1), why: 'You are back.' });
    idle('cancelled', { ...other(2), why: 'You are back.' });
    jest.advanceTimersByTime(1000);
    expect(messages()).toEqual(['The workspace stays. You are back.']);
  });

  it('has one warning for several kernels, and one word when they stay', () => {
    idle('warned', { stops_in_seconds: 300 });
    [1, 2, 3].forEach(number => idle('warned', { ...other(number), stops_in_seconds: 400 }));
    expect(messages()).toEqual([
      'train.ipynb, other1.ipynb, other2.ipynb and 1 more stop in 5 min. Nothing ran for 30 min.'
    ]);
    press('Keep 1 h');
    expect(keep).toHaveBeenCalledWith(3600, ['kernel:k1', 'kernel:o1', 'kernel:o2', 'kernel:o3']);
    idle('cancelled', { why: 'A cell runs.' });
    idle('cancelled', { ...other(1), why: 'A cell runs.' });
    jest.advanceTimersByTime(1000);
    expect(messages().sort()).toEqual([
      'other2.ipynb, other3.ipynb stop in 7 min. Nothing ran for 30 min.',
      'train.ipynb, other1.ipynb stay. A cell runs.'
    ]);
  });

  it('takes the warning away when the time is over', () => {
    idle('warned', { stops_in_seconds: 60 });
    jest.advanceTimersByTime(61_000);
    expect(told()).toEqual([]);
  });

  it('has one warning for a kernel that is warned about twice', () => {
    idle('warned', { stops_in_seconds: 300 });
    idle('warned', { stops_in_seconds: 240 });
    expect(messages()).toEqual(['train.ipynb stops in 4 min. Nothing ran for 30 min.']);
  });

  it('leaves a warning closed that a person has closed, and still says that it stays', () => {
    idle('warned', { stops_in_seconds: 300 });
    Notification.manager.dismiss();
    jest.advanceTimersByTime(10_000);
    idle('warned', { stops_in_seconds: 290 });
    expect(told()).toEqual([]);
    idle('cancelled', { why: 'A cell runs.' });
    jest.advanceTimersByTime(1000);
    expect(messages()).toEqual(['train.ipynb stays. A cell runs.']);
  });

  it('takes the warning back when work was found, and says so', () => {
    idle('warned', { stops_in_seconds: 300 });
    idle('cancelled', { why: 'A cell runs.' });
    jest.advanceTimersByTime(1000);
    expect(told()).toEqual([{ message: 'train.ipynb stays. A cell runs.', type: 'success', actions: [] }]);
  });

  it('says in every other tab that somebody keeps what was about to stop', () => {
    idle('warned', { stops_in_seconds: 300 });
    idle('kept', { why: 'alice keeps it until 18:00.' });
    jest.advanceTimersByTime(1000);
    expect(messages()).toEqual(['train.ipynb stays. alice keeps it until 18:00.']);
  });

  it('says no second word in the tab that keeps it', () => {
    idle('warned', { stops_in_seconds: 300 });
    keptHere = 'kernel:k1';
    idle('kept', { why: 'alice keeps it until 18:00.' });
    jest.advanceTimersByTime(1000);
    expect(told()).toEqual([]);
  });

  it('tells what was stopped and why, all at once, and leads to the evidence', () => {
    idle('culled');
    idle('culled', other(1));
    jest.advanceTimersByTime(1000);
    expect(told()).toEqual([
      {
        message: 'train.ipynb, other1.ipynb were stopped. Nothing ran for 30 min.',
        type: 'info',
        actions: ['Why?']
      }
    ]);
    press('Why?');
    expect(open).toHaveBeenCalledTimes(1);
    expect(refresh).toHaveBeenCalled();
  });

  it('says once for each reason that the stop is held, and offers to keep', () => {
    const why =
      'train.ipynb has changes that are not saved: the file is read-only. Save it under another name.';
    idle('held', { ...WORKSPACE, why });
    idle('held', { ...WORKSPACE, why });
    expect(told()).toEqual([
      { message: `The workspace was not stopped yet. ${why}`, type: 'warning', actions: ['Keep 1 h', 'Why?'] }
    ]);
    idle('held', { ...WORKSPACE, why: 'A hook asked to wait.' });
    expect(messages()).toEqual(['The workspace was not stopped yet. A hook asked to wait.']);
  });

  it('says that it could not be stopped and so goes on', () => {
    idle('failed', { ...WORKSPACE, why: 'The role may not delete apps. Ask your platform team.' });
    expect(told()).toEqual([
      {
        message:
          'The workspace could not be stopped and goes on. The role may not delete apps. Ask your platform team.',
        type: 'warning',
        actions: ['Why?']
      }
    ]);
  });

  it('refreshes without a word when somebody keeps a kernel that was not warned about, or tabs are to save', () => {
    idle('kept');
    idle('save', { ...WORKSPACE, request: 'r1' });
    jest.advanceTimersByTime(1000);
    expect(refresh).toHaveBeenCalledTimes(2);
    expect(told()).toEqual([]);
  });
});

describe('The status bar', () => {
  let now: IdleNow;
  beforeEach(() => {
    now = new IdleNow(new IdleModel(new FakeServer().client, trans), news, trans);
  });
  afterEach(() => now.dispose());

  it('counts down to the stop of the workspace', () => {
    idle('warned', { ...WORKSPACE, stops_in_seconds: 300 });
    expect(now.text()).toBe('Stops in 5 min');
    jest.advanceTimersByTime(270_000);
    expect(now.text()).toBe('Stops in 30 s');
    idle('cancelled', WORKSPACE);
    expect(now.text()).toBe('Awake');
  });

  it('stays awake when only a kernel stops', () => {
    idle('warned', { stops_in_seconds: 300 });
    expect(now.text()).toBe('Awake');
  });

  it('goes on counting while tabs save', () => {
    idle('warned', { ...WORKSPACE, stops_in_seconds: 300 });
    idle('save', { ...WORKSPACE, request: 'r1' });
    expect(now.text()).toBe('Stops in 5 min');
  });

  it('says that the workspace is kept', () => {
    idle('kept', WORKSPACE);
    expect(now.text()).toBe('Kept awake');
  });
});

describe('A reason', () => {
  it.each([
    ['stops because it has been idle for 16 s', 'Because it has been idle for 16 s.'],
    ['kept because a cell runs', 'Because a cell runs.'],
    ['You are back.', 'You are back.']
  ])('%j is told as the sentence %j', (why, told) => expect(sentence(why)).toBe(told));
});
