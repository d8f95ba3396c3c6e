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

  it.each(['keydown', 'mousedown', 'mousemove', 'wheel'])('is sent on %s', async type => {
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

  it('is not sent without a key, the mouse or the wheel', async () => {
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
});
