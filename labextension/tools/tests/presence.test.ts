import { BEAT_MS, Presence } from '../../src/idle/presence';
import { FakeServer, json, REFUSAL, until } from './server';

describe('The sign that a person is there', () => {
  let now: number;
  let server: FakeServer;
  let presence: Presence;
  beforeEach(() => {
    now = 1_000_000;
    server = new FakeServer().on('POST /idle/presence', () => ({}));
    presence = new Presence(server.client, document, () => now);
  });
  afterEach(() => presence.dispose());

  const beats = (): number => server.count('POST /idle/presence');
  const sign = (type: string): boolean => document.dispatchEvent(new Event(type));
  /** A beat that was sent arrives a moment later, one that was not never does: the next one that must come tells. */
  const nextBeatIs = async (count: number): Promise<void> => {
    now += BEAT_MS;
    sign('keydown');
    await until(() => beats() >= count);
    expect(beats()).toBe(count);
  };

  it.each([
    'keydown',
    'mousedown',
    'mousemove',
    'pointerdown',
    'pointermove',
    'touchstart',
    'touchmove',
    'wheel'
  ])('is sent on %s', async type => {
    sign(type);
    await until(() => beats() === 1);
  });

  it('is sent at most once a minute however much a person types', async () => {
    for (let second = 0; second < 59; second++) {
      sign('keydown');
      sign('mousemove');
      now += 1000;
    }
    await nextBeatIs(2);
  });

  it('is not sent while the tab is hidden', async () => {
    const hidden = jest.spyOn(document, 'hidden', 'get').mockReturnValue(true);
    sign('keydown');
    hidden.mockReturnValue(false);
    await nextBeatIs(1);
  });

  it('is not sent without a key, the pointer or the wheel: a notebook that follows its output scrolls too', async () => {
    now += 60 * BEAT_MS;
    sign('focus');
    sign('scroll');
    await nextBeatIs(1);
  });

  it('is sent again after a failure that may pass', async () => {
    server.refuse('POST /idle/presence', REFUSAL, 503);
    sign('keydown');
    await until(() => beats() === 1);
    await nextBeatIs(2);
  });

  it('is never sent again to a server that does not know it', async () => {
    server.on('POST /idle/presence', () => json({}, 404));
    sign('keydown');
    await until(() => presence.isDisposed);
    now += BEAT_MS;
    sign('keydown');
    const other = new Presence(server.client, document, () => now);
    await nextBeatIs(2);
    other.dispose();
  });

  it('is not sent for a pointer at rest below which the page moves', async () => {
    const move = (screenX: number): boolean =>
      document.dispatchEvent(new MouseEvent('pointermove', { screenX, screenY: 20 }));
    move(10);
    await until(() => beats() === 1);
    now += 2 * BEAT_MS;
    move(10);
    move(10);
    await nextBeatIs(2);
    now += BEAT_MS;
    move(11);
    await until(() => beats() === 3);
  });

  it('is sent at once when something is about to stop, and then once a minute again', async () => {
    sign('keydown');
    await until(() => beats() === 1);
    now += 1000;
    presence.expect();
    sign('pointermove');
    await until(() => beats() === 2);
    now += 30_000;
    sign('pointermove');
    await nextBeatIs(3);
  });

  it('is tried again soon when the beat that mattered did not arrive', async () => {
    presence.expect();
    server.refuse('POST /idle/presence', REFUSAL, 503);
    sign('keydown');
    await until(() => beats() === 1);
    await new Promise(resolve => setTimeout(resolve, 20)); // the refusal is on its way back
    sign('keydown');
    now += 3000;
    sign('keydown');
    await until(() => beats() === 2);
  });

  describe('in a frame of the same origin', () => {
    let frame: HTMLIFrameElement;
    const inner = (): Document => frame.contentDocument as Document;
    beforeEach(() => {
      frame = document.createElement('iframe');
      document.body.append(frame);
    });
    afterEach(() => frame.remove());

    it('is sent once the pointer has entered it', async () => {
      frame.dispatchEvent(new Event('pointerover', { bubbles: true }));
      inner().dispatchEvent(new Event('keydown'));
      await until(() => beats() === 1);
    });

    it('is sent once the focus has moved there, also by touch', async () => {
      frame.tabIndex = 0;
      frame.focus();
      window.dispatchEvent(new Event('blur'));
      inner().dispatchEvent(new Event('touchstart'));
      await until(() => beats() === 1);
    });

    it('is sent from a frame in the frame, and not after the end', async () => {
      frame.dispatchEvent(new Event('pointerover', { bubbles: true }));
      const nested = inner().createElement('iframe');
      inner().body.append(nested);
      nested.dispatchEvent(new Event('pointerover', { bubbles: true }));
      (nested.contentDocument as Document).dispatchEvent(new Event('keydown'));
      await until(() => beats() === 1);
      presence.dispose();
      now += BEAT_MS;
      inner().dispatchEvent(new Event('keydown'));
      const other = new Presence(server.client, document, () => now);
      await nextBeatIs(2);
      other.dispose();
    });

    it('is not asked for from one of another origin, and nothing breaks', async () => {
      Object.defineProperty(frame, 'contentDocument', {
        get: () => {
          throw new DOMException('Blocked a frame with another origin.', 'SecurityError');
        }
      });
      frame.dispatchEvent(new Event('pointerover', { bubbles: true }));
      await nextBeatIs(1);
    });
  });
});
