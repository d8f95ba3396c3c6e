import type { TranslationBundle } from '@jupyterlab/translation';
import type { PlatformClient } from '../api/client';
import type { IdleStatus, Lease } from '../api/types';
import { SectionModel } from '../section/model';
import { duration, moment } from '../ui/format';

/** A keep-alive that ends this much sooner than asked for was cut down, in seconds; less is the way to the server. */
const CUT_SECONDS = 60;

/** The name of the keep-alive command of a subject. */
const command = (subject: string): string => `keep:${subject}`;

/** What is idle, what is kept, and why. */
export class IdleModel extends SectionModel<IdleStatus> {
  constructor(
    private readonly _client: PlatformClient,
    trans: TranslationBundle
  ) {
    super(trans, 15_000);
  }

  /** When the shown status came, in milliseconds since 1970: its countdowns run from then. */
  get knownAt(): number {
    return this._knownAt;
  }

  /** The subject for which a person is choosing a time; null when for none. */
  get choosing(): string | null {
    return this._choosing;
  }

  set choosing(subject: string | null) {
    this._choosing = subject;
    this.notify();
  }

  isKeeping(subject: string): boolean {
    return this.isBusy(command(subject));
  }

  /** Whether a keep-alive of this subject was asked for here, in this tab, within the last seconds. */
  wasKeptHere(subject: string): boolean {
    return this.isKeeping(subject) || Date.now() - (this._keptHere.get(subject) ?? -Infinity) < 5000;
  }

  /** The keep-alive of a subject: the one that lasts longest. */
  lease(subject: string): Lease | undefined {
    return this.data?.leases
      .filter(lease => lease.subject === subject)
      .sort((one, other) => Date.parse(other.until) - Date.parse(one.until))[0];
  }

  /** What there is to say about the last keep-alive of a subject: that it was cut down. Empty otherwise. */
  note(subject: string): string {
    return this._notes.get(subject) ?? '';
  }

  /** Keep a subject for some seconds from now. Resolves to the lease when it was given. */
  async keep(seconds: number, subject: string): Promise<Lease | undefined> {
    this._notes.delete(subject);
    const asked = Date.now() + seconds * 1000;
    const lease = await this.act(command(subject), () =>
      this._client.post('/idle/leases', { body: { seconds, subject, reason: '' } })
    );
    if (lease) {
      this._keptHere.set(subject, Date.now());
      const given = Date.parse(lease.until);
      if ((asked - given) / 1000 > CUT_SECONDS) {
        const allowed = duration(Math.max(0, (given - Date.now()) / 1000), this.trans);
        const until = moment(lease.until);
        const text = this.trans.__('The policy allows no more than %1: kept until %2.', allowed, until);
        this._notes.set(subject, text);
      }
      await this.refresh();
      this.notify();
    }
    return lease;
  }

  async release(lease: Lease): Promise<void> {
    this._notes.delete(lease.subject);
    const status = await this.act(command(lease.subject), () =>
      this._client.delete('/idle/leases/{lease_id}', { path: { lease_id: lease.id } })
    );
    if (status) {
      this.put(status);
    }
  }

  protected load(): Promise<IdleStatus> {
    return this._client.get('/idle');
  }

  protected override put(data: IdleStatus): void {
    this._knownAt = Date.now();
    super.put(data);
  }

  private _choosing: string | null = null;
  private readonly _keptHere = new Map<string, number>();
  private _knownAt = Date.now();
  private readonly _notes = new Map<string, string>();
}
