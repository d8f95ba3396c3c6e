import { nullTranslator } from '@jupyterlab/translation';
import { SectionModel } from '../../src/section/model';

const MINUTE = 60_000;

/** A section that is asked once a minute. */
class Probe extends SectionModel<number> {
  constructor() {
    super(nullTranslator.load('jupyter-mlplatform'), MINUTE);
  }

  readonly load: jest.Mock<Promise<number>, []> = jest.fn(async () => this.load.mock.calls.length);

  readonly order = jest.fn(async () => 'done');

  press(): Promise<string | undefined> {
    return this.act('order', this.order);
  }
}

/** Let everything happen that happens in this time, in milliseconds. */
const pass = (time: number): Promise<void> => jest.advanceTimersByTimeAsync(time);

function hideTab(hidden: boolean): void {
  jest.spyOn(document, 'hidden', 'get').mockReturnValue(hidden);
  jest.spyOn(document, 'visibilityState', 'get').mockReturnValue(hidden ? 'hidden' : 'visible');
  document.dispatchEvent(new Event('visibilitychange'));
}

describe('A section', () => {
  let section: Probe;
  beforeEach(() => {
    jest.useFakeTimers();
    section = new Probe();
  });
  afterEach(() => {
    section.dispose();
    hideTab(false);
    jest.useRealTimers();
  });

  it('asks nothing while it is hidden, not even when told of news', async () => {
    await pass(60 * MINUTE);
    await section.refresh();
    await pass(60 * MINUTE);
    expect(section.load).not.toHaveBeenCalled();
  });

  it('asks once when it is shown, and shows the answer', async () => {
    section.active = true;
    await pass(1000);
    expect(section.load).toHaveBeenCalledTimes(1);
    expect(section.data).toBe(1);
  });

  it('asks once when it is shown, hidden and shown in one go', async () => {
    section.active = true;
    section.active = false;
    section.active = true;
    await pass(1000);
    expect(section.load).toHaveBeenCalledTimes(1);
  });

  it('asks again at its pace while it is shown, and stops when it is hidden', async () => {
    section.active = true;
    await pass(2 * MINUTE + 1000);
    expect(section.load).toHaveBeenCalledTimes(3);
    section.active = false;
    await pass(60 * MINUTE);
    expect(section.load).toHaveBeenCalledTimes(3);
  });

  it('asks nothing while the browser’s tab is hidden, and once when the tab is shown again', async () => {
    section.active = true;
    await pass(1000);
    hideTab(true);
    await section.refresh();
    await pass(60 * MINUTE);
    expect(section.load).toHaveBeenCalledTimes(1);
    hideTab(false);
    await pass(1000);
    expect(section.load).toHaveBeenCalledTimes(2);
  });

  it('asks nothing any more after it was disposed', async () => {
    section.active = true;
    await pass(1000);
    section.dispose();
    document.dispatchEvent(new Event('visibilitychange'));
    await pass(60 * MINUTE);
    expect(section.load).toHaveBeenCalledTimes(1);
  });

  it('asks once more, not twice, for two wishes while a request is on its way', async () => {
    let answer: (value: number) => void = () => undefined;
    section.load.mockImplementationOnce(() => new Promise(resolve => (answer = resolve)));
    section.active = true;
    await pass(1000);
    void section.refresh();
    void section.refresh();
    answer(-1);
    await pass(1000);
    expect(section.load).toHaveBeenCalledTimes(2);
    expect(section.data).toBe(2);
  });

  it('says what went wrong, and is well again after a retry', async () => {
    section.load.mockRejectedValueOnce(new Error('cable cut'));
    section.active = true;
    await pass(1000);
    expect(section.problem?.cause).toBe('cable cut');
    expect(section.data).toBeNull();
    void section.refresh();
    await pass(1000);
    expect(section.problem).toBeNull();
    expect(section.data).toBe(2);
  });

  it('keeps what it showed when a later request fails', async () => {
    section.active = true;
    await pass(1000);
    section.load.mockRejectedValueOnce(new Error('cable cut'));
    void section.refresh();
    await pass(1000);
    expect(section.problem?.cause).toBe('cable cut');
    expect(section.data).toBe(1);
  });

  it('asks a server that keeps failing less and less often', async () => {
    section.load.mockRejectedValue(new Error('cable cut'));
    section.active = true;
    await pass(60 * MINUTE);
    expect(section.load.mock.calls.length).toBeLessThan(40);
  });

  it('sends a command once for two clicks, and again for a click after its end', async () => {
    const clicks = [section.press(), section.press()];
    expect(section.isBusy('order')).toBe(true);
    expect(await Promise.all(clicks)).toEqual(['done', 'done']);
    expect(section.order).toHaveBeenCalledTimes(1);
    expect(section.isBusy('order')).toBe(false);
    await section.press();
    expect(section.order).toHaveBeenCalledTimes(2);
  });

  it('keeps a refused command’s reason until it is dismissed', async () => {
    section.order.mockRejectedValueOnce(new Error('not allowed'));
    expect(await section.press()).toBeUndefined();
    expect(section.refusal?.cause).toBe('not allowed');
    section.dismiss();
    expect(section.refusal).toBeNull();
  });
});
