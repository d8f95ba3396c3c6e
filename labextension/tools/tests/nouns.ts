/** The nouns of the wire as a test needs them: complete and unremarkable, except for what the test says. */
import type {
  AccessRequest,
  DatasetPage,
  DatasetSummary,
  Decision,
  Delegation,
  Grant,
  IdleStatus,
  Lease,
  Options,
  PackagesStatus,
  Plan,
  ProcessStatus,
  Run,
  Savings,
  SearchPage,
  Stretch,
  SubjectStatus,
  Timeline,
  Tool,
  Track,
  Version,
  WorkspaceInfo
} from '../../src/api/types';

const HOUR_MS = 3_600_000;

/** An instant some hours from now, as the server writes it. */
export function inHours(hours: number): string {
  return new Date(Date.now() + hours * HOUR_MS).toISOString();
}

export function workspaceInfo(change: Partial<WorkspaceInfo> = {}): WorkspaceInfo {
  return {
    details: {},
    enforcement: 'advisory',
    identity_from: 'the operating system',
    name: 'Press shop',
    person: 'alice',
    place: 'machine',
    policy_path: null,
    policy_writable: false,
    problem: '',
    support: 'your platform team',
    version: '0.1.0',
    ...change
  };
}

export function summary(change: Partial<DatasetSummary> = {}): DatasetSummary {
  return {
    access: 'none',
    classification: 'confidential',
    column_count: 2,
    description: 'One row per weld',
    id: 'weld_guns',
    owner: 'bob',
    rows: 14_400,
    tags: ['body-shop'],
    title: 'Welding gun sensors',
    ...change
  };
}

export function searchPage(items: DatasetSummary[], change: Partial<SearchPage> = {}): SearchPage {
  return { capped: false, facets: [], items, problems: [], total: items.length, ...change };
}

export function datasetPage(change: Partial<DatasetPage> = {}): DatasetPage {
  return {
    access: 'none',
    approvers: ['bob'],
    dataset: {
      backend: '',
      classification: 'confidential',
      columns: [
        { description: 'Newton', name: 'force', tags: [], type: 'DOUBLE' },
        { description: '', name: 'operator_id', tags: ['personal'], type: 'VARCHAR' }
      ],
      description: 'One row per weld',
      fingerprint: 'f1',
      format: 'parquet',
      id: 'weld_guns',
      kind: 'file',
      live: true,
      location: '/data/weld_guns.parquet',
      owner: 'bob',
      registered_at: inHours(-48),
      registered_by: 'bob',
      rows: 14_400,
      sample: null,
      tags: ['body-shop'],
      title: 'Welding gun sensors'
    },
    coming: null,
    default_days: 30,
    effects: [],
    grant: null,
    max_days: 90,
    open_request: null,
    profile: null,
    review: [],
    ...change
  };
}

export function options(): Options {
  return {
    default_days: 30,
    max_days: { confidential: 90 },
    may_oversee: false,
    may_verify: false,
    purposes: [{ code: 'training', label: 'Train or evaluate a model' }]
  };
}

export function request(change: Partial<AccessRequest> = {}): AccessRequest {
  return {
    approvers: ['bob'],
    basket: '',
    beneficiary: '',
    columns: [
      { name: 'force', type: 'double', description: '', tags: [] },
      { name: 'operator_id', type: 'string', description: '', tags: ['personal'] }
    ],
    created_at: inHours(-1),
    dataset_title: 'Welding gun sensors',
    days: 30,
    decisions: [],
    escalated_at: null,
    grant_id: null,
    id: 'req-1',
    kind: 'new',
    purpose: 'training',
    reason: 'Find faulty welds',
    reminded_at: null,
    renews: '',
    requester: 'alice',
    required: [],
    review: [{ stage: 'owner', approvers: ['bob'], approved_by: '' }],
    revised_at: null,
    revision: 3,
    scope: { columns: ['force', 'operator_id'], dataset_id: 'weld_guns', permission: 'read', rows: null },
    state: 'submitted',
    version: 1,
    ...change
  };
}

export function decision(change: Partial<Decision> = {}): Decision {
  return {
    actor: 'bob',
    at: inHours(-1),
    columns: ['force', 'operator_id'],
    days: 30,
    on_behalf: '',
    policy_version: 'p1',
    reason: '',
    revision: 3,
    rows: null,
    rule: '',
    stage: 'owner',
    verdict: 'approve',
    ...change
  };
}

export function delegation(change: Partial<Delegation> = {}): Delegation {
  return {
    approver: 'alice',
    delegate: 'dave',
    ended_at: null,
    id: 'd-1',
    not_after: inHours(24 * 7),
    not_before: inHours(-1),
    reason: '',
    version: 1,
    ...change
  };
}

export function grant(change: Partial<Grant> = {}): Grant {
  return {
    announced_days: null,
    approved_by: 'bob',
    backend: '',
    dataset_title: 'Welding gun sensors',
    end_note: '',
    end_reason: null,
    ended_at: null,
    ended_by: '',
    enforcement: 'advisory',
    id: 'grant-1',
    not_after: inHours(24 * 30),
    not_before: inHours(-1),
    owner: 'bob',
    purpose: 'training',
    request_id: 'req-1',
    scope: { columns: ['force'], dataset_id: 'weld_guns', permission: 'read', rows: null },
    state: 'active',
    subject: 'alice',
    version: 1,
    ...change
  };
}

export function kernel(change: Partial<SubjectStatus> = {}): SubjectStatus {
  return {
    evidence: [],
    idle_seconds: 600,
    kind: 'kernel',
    name: 'python3',
    path: 'work/train.ipynb',
    state: 'idle',
    stops_in_seconds: 720,
    subject: 'kernel:k1',
    timeout_from: 'policy',
    timeout_seconds: 1800,
    why: 'Nothing ran for 10 min.',
    ...change
  };
}

export function terminal(change: Partial<SubjectStatus> = {}): SubjectStatus {
  return kernel({ kind: 'terminal', name: '1', path: '', subject: 'terminal:1', ...change });
}

export function process(change: Partial<ProcessStatus> = {}): ProcessStatus {
  return { cpu: 0.5, name: 'train.sh', pid: 4711, signal: 'work', why: 'it used 50 % of a core', ...change };
}

export function savings(change: Partial<Savings> = {}): Savings {
  return {
    currency: 'EUR',
    hours_idle: 3.25,
    hours_stopped: 40,
    hours_working: 12,
    instance: 'ml.g5.xlarge',
    kernels_stopped: 5,
    money: 56.4,
    price_per_hour: 1.41,
    since: inHours(-24 * 7),
    still_stopped: false,
    terminals_stopped: 0,
    ...change
  };
}

export function stretch(from: number, to: number, change: Partial<Stretch> = {}): Stretch {
  return { since: inHours(from), state: 'working', until: inHours(to), why: '', ...change };
}

export function track(change: Partial<Track> = {}): Track {
  return {
    kind: 'kernel',
    name: 'python3',
    path: 'work/train.ipynb',
    stretches: [],
    subject: 'kernel:k1',
    ...change
  };
}

export function timeline(tracks: Track[] = []): Timeline {
  return { since: inHours(-24), tracks, until: inHours(0) };
}

export function lease(change: Partial<Lease> = {}): Lease {
  return { id: 'lease-1', person: 'alice', reason: '', subject: 'workspace', until: inHours(1), ...change };
}

export function idleStatus(change: Partial<IdleStatus> = {}): IdleStatus {
  return {
    decisions: [],
    enabled: true,
    keep_max_seconds: 8 * 3600,
    kernels: [],
    leases: [],
    processes: [],
    sampled_at: null,
    savings: null,
    state: 'idle',
    stop: null,
    stops_in_seconds: null,
    terminals: [],
    timeout_seconds: 1800,
    verdict: 'Nothing runs.',
    workspace: null,
    ...change
  };
}

export function tool(change: Partial<Tool> = {}): Tool {
  return {
    config_path: '/home/alice/pip.conf',
    detail: '',
    ecosystem: 'pip',
    index: 'https://mirror.test/simple',
    state: 'applied',
    ...change
  };
}

export function packagesStatus(change: Partial<PackagesStatus> = {}): PackagesStatus {
  return { exports: {}, last: null, tools: [tool()], ...change };
}

export function plan(change: Partial<Plan> = {}): Plan {
  return {
    bundle: {
      digest: 'd1',
      files: ['train.py', 'util.py'],
      packed_bytes: 2048,
      path: '/b.zip',
      source_bytes: 4096
    },
    cost: 'about 0.20 EUR, an estimate from the policy’s prices',
    definition: {},
    findings: [],
    hash: 'plan-hash-1',
    inputs: [],
    name: 'weld-faults',
    params: {},
    path: 'work/train.ipynb',
    runner: 'local',
    startable: true,
    steps: [{ cached: false, depends_on: [], instance: 'cpu', name: 'train', type: 'Training' }],
    summary: 'Trains weld-faults.',
    ...change
  };
}

export function run(change: Partial<Run> = {}): Run {
  return {
    bundle_digest: 'd1',
    created_at: inHours(-1),
    error: '',
    finished_at: null,
    id: 'run-1',
    inputs: [],
    metrics: [],
    name: 'weld-faults',
    params: {},
    path: 'work/train.ipynb',
    person: 'alice',
    plan_hash: 'plan-hash-1',
    runner: 'local',
    state: 'Executing',
    steps: [
      {
        depends_on: [],
        error: '',
        finished_at: null,
        name: 'train',
        progress: 'epoch 2',
        started_at: inHours(-1),
        state: 'Executing',
        type: 'Training'
      }
    ],
    version_id: null,
    ...change
  };
}

export function version(change: Partial<Version> = {}): Version {
  return {
    approvals: [],
    artifact: 'models/weld-faults/1',
    author: 'alice',
    created_at: inHours(-1),
    group: 'weld-faults',
    id: 'v1',
    lineage: {
      bundle_digest: 'd1',
      commit: '',
      entry: 'train.ipynb',
      environment: 'e1',
      inputs: [],
      person: 'alice',
      run_id: 'run-1'
    },
    metrics: [{ name: 'auc', step: 'train', value: 0.81234 }],
    number: 1,
    state: 'PendingManualApproval',
    ...change
  };
}
