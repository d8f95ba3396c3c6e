import type { TranslationBundle } from '@jupyterlab/translation';
import type { PlatformClient } from '../api/client';
import type { Version, VersionState } from '../api/types';
import { SectionModel } from '../section/model';

/** Who may decide on versions, as far as the panel can tell; the server has the last word. */
interface IRules {
  person: string;
  fourEyes: boolean;
  approvers: string[];
}

/** All model versions, newest first. */
export class VersionsModel extends SectionModel<Version[]> {
  constructor(
    private readonly _client: PlatformClient,
    trans: TranslationBundle
  ) {
    super(trans, 60_000);
  }

  isDeciding(version: Version): boolean {
    return this.isBusy(`decide:${version.id}`);
  }

  /** Whether I may decide, or why not. */
  standing(version: Version): 'may' | 'own' | 'not_approver' {
    const rules = this._rules;
    if (rules?.fourEyes && rules.person === version.author) {
      return 'own';
    }
    return rules && rules.approvers.length && !rules.approvers.includes(rules.person)
      ? 'not_approver'
      : 'may';
  }

  async decide(
    version: Version,
    state: Exclude<VersionState, 'PendingManualApproval'>,
    reason: string
  ): Promise<void> {
    const decided = await this.act(`decide:${version.id}`, () =>
      this._client.post('/handoff/versions/{version_id}/decisions', {
        path: { version_id: version.id },
        body: { state, reason }
      })
    );
    if (decided) {
      this.put((this.data ?? []).map(other => (other.id === decided.id ? decided : other)));
      await this.refresh();
    }
  }

  protected async load(): Promise<Version[]> {
    this._rules ??= await this._loadRules();
    return (await this._client.get('/handoff/versions')).items;
  }

  private async _loadRules(): Promise<IRules> {
    const [workspace, policy] = await Promise.all([
      this._client.get('/workspace'),
      this._client.get('/policy')
    ]);
    const value = (key: string): unknown => policy.settings.find(setting => setting.key === key)?.value;
    const approvers = value('handoff.approvers');
    return {
      person: workspace.person,
      fourEyes: value('handoff.four_eyes') !== false,
      approvers: Array.isArray(approvers) ? approvers.map(String) : []
    };
  }

  private _rules: IRules | null = null;
}
