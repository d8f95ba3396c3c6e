// Generated from the server by `jlpm generate`; do not edit.
export interface paths {
  '/access/datasets': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Search the catalogue */
    get: operations['getAccessDatasets'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/access/datasets/{dataset_id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** One dataset and my access to it */
    get: operations['getAccessDatasetsDatasetId'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/access/events': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** The audit trail that concerns me */
    get: operations['getAccessEvents'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/access/grants': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** My grants, or the ones on my datasets */
    get: operations['getAccessGrants'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/access/grants/{grant_id}/revocation': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Take a grant back, at once */
    post: operations['postAccessGrantsGrantIdRevocation'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/access/options': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Purposes and durations that a request may name */
    get: operations['getAccessOptions'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/access/requests': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** My requests, or the ones that wait for me */
    get: operations['getAccessRequests'];
    put?: never;
    /** Ask for access */
    post: operations['postAccessRequests'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/access/requests/{request_id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** One request */
    get: operations['getAccessRequestsRequestId'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/access/requests/{request_id}/decisions': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Approve, narrow, reject or ask for changes */
    post: operations['postAccessRequestsRequestIdDecisions'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/access/requests/{request_id}/withdrawal': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Withdraw my request */
    post: operations['postAccessRequestsRequestIdWithdrawal'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/handoff/plans': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** What a hand-off would do */
    post: operations['postHandoffPlans'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/handoff/runs': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** All runs, newest first */
    get: operations['getHandoffRuns'];
    put?: never;
    /** Start the plan that was shown */
    post: operations['postHandoffRuns'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/handoff/runs/{run_id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** One run */
    get: operations['getHandoffRunsRunId'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/handoff/runs/{run_id}/cancellation': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Stop a run */
    post: operations['postHandoffRunsRunIdCancellation'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/handoff/runs/{run_id}/log': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** A step's log from an offset on */
    get: operations['getHandoffRunsRunIdLog'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/handoff/versions': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** All model versions, newest first */
    get: operations['getHandoffVersions'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/handoff/versions/{version_id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** One model version */
    get: operations['getHandoffVersionsVersionId'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/handoff/versions/{version_id}/decisions': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Approve or reject a model version */
    post: operations['postHandoffVersionsVersionIdDecisions'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/idle': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** What is idle, what is kept, and why */
    get: operations['getIdle'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/idle/leases': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Keep the workspace or a kernel for a while */
    post: operations['postIdleLeases'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/idle/leases/{lease_id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post?: never;
    /** Let go of a keep-alive */
    delete: operations['deleteIdleLeasesLeaseId'];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/idle/presence': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** A person used a key, the mouse or the wheel */
    post: operations['postIdlePresence'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/openapi.json': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** This description */
    get: operations['getOpenapiJson'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/packages': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Each package client with its mirror */
    get: operations['getPackages'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/packages/application': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Write the clients' configuration from the policy */
    post: operations['postPackagesApplication'];
    /** Put back what was there before */
    delete: operations['deletePackagesApplication'];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/packages/checks': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Let the doctor look */
    post: operations['postPackagesChecks'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/packages/checks/{examination_id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** How far the doctor is */
    get: operations['getPackagesChecksExaminationId'];
    put?: never;
    post?: never;
    /** Stop looking */
    delete: operations['deletePackagesChecksExaminationId'];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/policy': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** The policy in force, with the origin of each value */
    get: operations['getPolicy'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/workspace': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Who works here, and where */
    get: operations['getWorkspace'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
}
export type webhooks = Record<string, never>;
export interface components {
  schemas: {
    /**
     * Application
     * @description What was written: file paths, and the variables that make the clients read them.
     */
    Application: {
      exports: {
        [key: string]: string;
      };
      tools: components['schemas']['Tool'][];
      written: string[];
    };
    /**
     * Approval
     * @description One decision on a version.
     */
    Approval: {
      actor: string;
      at: string;
      reason: string;
      state: components['schemas']['VersionState'];
    };
    /**
     * Bundle
     * @description What is sent: a deterministic archive named by the SHA-256 of its content. ``packed_bytes`` is its size.
     */
    Bundle: {
      digest: string;
      files: string[];
      packed_bytes: number;
      path: string;
      source_bytes: number;
    };
    /**
     * Check
     * @description One check of the doctor: what was looked at, why it matters, what was seen, and how to mend it.
     */
    Check: {
      /** @default null */
      ecosystem: components['schemas']['Ecosystem'] | null;
      evidence: string;
      /** @default  */
      fix: string;
      id: string;
      outcome: components['schemas']['Outcome'];
      title: string;
      why: string;
    };
    /**
     * Column
     * @description One column: ``type`` in the words of the file (``double``, ``string``), ``tags`` such as ``personal``.
     */
    Column: {
      /** @default  */
      description: string;
      name: string;
      /** @default [] */
      tags: string[];
      /** @default  */
      type: string;
    };
    /**
     * Comment
     * @description Why a request is withdrawn.
     */
    Comment: {
      /** @default  */
      reason: string;
    };
    /**
     * DataInput
     * @description One input of a run: where it comes from, what its content was, and the grant that allows it.
     */
    DataInput: {
      /** @default  */
      fingerprint: string;
      /** @default null */
      grant_ends: string | null;
      /** @default  */
      grant_id: string;
      name: string;
      uri: string;
    };
    /**
     * Dataset
     * @description A registered dataset. ``id`` never changes and is never reused.
     *
     *         ``location`` is the absolute path of the data; it is shown to its owner and to admins only. ``fingerprint`` names
     *         the registered content: a file that was replaced is another dataset until it is registered again.
     */
    Dataset: {
      /** @default internal */
      classification: string;
      /** @default [] */
      columns: components['schemas']['Column'][];
      /** @default  */
      description: string;
      /** @default  */
      fingerprint: string;
      /** @default parquet */
      format: string;
      id: string;
      /** @default file */
      kind: components['schemas']['Kind'];
      /** @default true */
      live: boolean;
      location: string;
      owner: string;
      registered_at: string;
      /** @default  */
      registered_by: string;
      /** @default null */
      rows: number | null;
      /** @default [] */
      tags: string[];
      title: string;
    };
    /**
     * DatasetPage
     * @description Everything one person may see of one dataset, with their own access to it (see :class:`Summary`).
     */
    DatasetPage: {
      /** @default none */
      access: string;
      /** @default [] */
      approvers: string[];
      dataset: components['schemas']['Dataset'];
      /** @default 0 */
      default_days: number;
      /** @default null */
      grant: components['schemas']['Grant'] | null;
      /** @default 0 */
      max_days: number;
      /** @default null */
      open_request: components['schemas']['Request'] | null;
    };
    /**
     * Ecosystem
     * @description A family of package clients.
     * @enum {unknown}
     */
    Ecosystem: 'conda' | 'pip';
    /**
     * EndReason
     * @description Why a grant ended.
     * @enum {unknown}
     */
    EndReason: 'dataset_gone' | 'expired' | 'left' | 'policy' | 'revoked' | 'superseded';
    /**
     * Event
     * @description One audit row. ``hash`` is SHA-256 over ``previous`` and the row's own canonical JSON.
     */
    Event: {
      action: string;
      actor: string;
      at: string;
      body: Record<string, never>;
      hash: string;
      previous: string;
      seq: number;
      subject: string;
    };
    /**
     * EventList
     * @description Audit rows in the order in which they happened.
     */
    EventList: {
      items: components['schemas']['Event'][];
    };
    /**
     * Evidence
     * @description One source's answer at one instant, with a sentence a person understands.
     */
    Evidence: {
      signal: components['schemas']['Signal'];
      source: string;
      text: string;
    };
    /**
     * Examination
     * @description One run of the doctor, growing while it runs. ``state`` is ``running``, ``done`` or ``cancelled``.
     *
     *         ``note`` says in words why it ended early.
     */
    Examination: {
      /** @default [] */
      checks: components['schemas']['Check'][];
      /** @default 0 */
      done: number;
      /** @default null */
      finished_at: string | null;
      id: string;
      /** @default  */
      note: string;
      started_at: string;
      state: string;
      /** @default 0 */
      total: number;
    };
    /**
     * Facet
     * @description How many of the found datasets carry one value of a field.
     */
    Facet: {
      count: number;
      field: string;
      value: string;
    };
    /**
     * Finding
     * @description One preflight check: what was looked at, what was found, how to mend it.
     */
    Finding: {
      check: string;
      /** @default  */
      fix: string;
      message: string;
      severity: components['schemas']['Severity'];
    };
    /**
     * Grant
     * @description Access that was granted: usable by ``subject`` from ``not_before`` until, not including, ``not_after`` (UTC).
     *
     *         Whether it may be used is judged when data is handed out, from these instants, never from ``state`` alone.
     *         ``enforcement`` is ``enforced`` or ``advisory`` (the kernel could read the file itself). ``ended_at``, ``ended_by``
     *         and ``end_note`` (the words of who ended it) are set with ``end_reason``. The id ``owner`` stands for an owner's
     *         own access, which nobody granted and which has no end.
     */
    Grant: {
      approved_by: string;
      dataset_title: string;
      /** @default  */
      end_note: string;
      /** @default null */
      end_reason: components['schemas']['EndReason'] | null;
      /** @default null */
      ended_at: string | null;
      /** @default  */
      ended_by: string;
      /** @default advisory */
      enforcement: string;
      id: string;
      not_after: string;
      not_before: string;
      owner: string;
      purpose: string;
      request_id: string;
      scope: components['schemas']['Scope'];
      state: components['schemas']['GrantState'];
      subject: string;
      version: number;
    };
    /**
     * GrantList
     * @description Grants, the one that ends first at the top.
     */
    GrantList: {
      items: components['schemas']['Grant'][];
    };
    /**
     * GrantState
     * @description Where a grant stands; see the page on access in docs/developers.
     * @enum {unknown}
     */
    GrantState: 'active' | 'ended' | 'ending' | 'failed' | 'fulfilling' | 'scheduled';
    /**
     * IdleStatus
     * @description The workspace's idleness: one verdict line, the kernels, the leases and the last decisions.
     */
    IdleStatus: {
      /** @default [] */
      decisions: components['schemas']['jupyter_mlplatform.idle.models.Decision'][];
      enabled: boolean;
      keep_max_seconds: number;
      /** @default [] */
      kernels: components['schemas']['KernelStatus'][];
      /** @default [] */
      leases: components['schemas']['Lease'][];
      sampled_at: string | null;
      state: components['schemas']['State'];
      stops_in_seconds: number | null;
      timeout_seconds: number;
      verdict: string;
    };
    /**
     * KernelStatus
     * @description One kernel as the panel shows it.
     *
     *         ``idle_seconds`` since work was last seen, ``stops_in_seconds`` until it would be culled (None: it is not going
     *         to be), ``why`` one sentence beginning with "kept because" or "stops because".
     */
    KernelStatus: {
      /** @default [] */
      evidence: components['schemas']['Evidence'][];
      idle_seconds: number;
      kernel_id: string;
      name: string;
      path: string;
      state: components['schemas']['State'];
      stops_in_seconds: number | null;
      why: string;
    };
    /**
     * Kind
     * @description What a dataset physically is.
     * @enum {unknown}
     */
    Kind: 'file';
    /**
     * Lease
     * @description A keep-alive: nothing in its scope is stopped before ``until``. ``kernel_id`` None keeps the whole workspace.
     */
    Lease: {
      id: string;
      /** @default null */
      kernel_id: string | null;
      person: string;
      /** @default  */
      reason: string;
      until: string;
    };
    /**
     * Lineage
     * @description Where a version comes from: who, which code, which environment, which data under which grants.
     */
    Lineage: {
      bundle_digest: string;
      commit: string;
      entry: string;
      environment: string;
      inputs: components['schemas']['DataInput'][];
      person: string;
      run_id: string;
    };
    /**
     * Log
     * @description A piece of a step's log: ``next_offset`` continues where it ends, ``complete`` when nothing will follow.
     */
    Log: {
      complete: boolean;
      next_offset: number;
      text: string;
    };
    /**
     * LogPosition
     * @description Which step's log, and from which byte on.
     */
    LogPosition: {
      /** @default 0 */
      offset: number;
      step: string;
    };
    /**
     * Metric
     * @description One number that a step reported.
     */
    Metric: {
      name: string;
      step: string;
      value: number;
    };
    /**
     * NewApproval
     * @description Approve or reject a version, with a reason (required to reject).
     */
    NewApproval: {
      /** @default  */
      reason: string;
      state: components['schemas']['VersionState'];
    };
    /**
     * NewDecision
     * @description A decision as it is sent, on the ``revision`` that the approver saw.
     *
     *         Empty ``columns`` and no ``days`` grant what was asked; a subset or a smaller number narrows it.
     */
    NewDecision: {
      /** @default [] */
      columns: string[];
      /** @default null */
      days: number | null;
      /** @default  */
      reason: string;
      revision: number;
      verdict: components['schemas']['Verdict'];
    };
    /**
     * NewLease
     * @description Keep the workspace, or one kernel, for ``seconds`` from now; more than the admin's cap is refused.
     */
    NewLease: {
      /** @default null */
      kernel_id: string | null;
      /** @default  */
      reason: string;
      seconds: number;
    };
    /**
     * NewPlan
     * @description What to hand off: a notebook or a ``handoff.yaml``, relative to the server's root; ``params`` override.
     */
    NewPlan: {
      /** @default {} */
      params: {
        [key: string]: number | string | boolean;
      };
      path: string;
    };
    /**
     * NewRequest
     * @description A request as it is sent. The same ``idempotency_key`` from the same person gives the same request.
     */
    NewRequest: {
      /** @default [] */
      columns: string[];
      dataset_id: string;
      /** @default null */
      days: number | null;
      idempotency_key: string;
      purpose: string;
      /** @default  */
      reason: string;
    };
    /**
     * NewRun
     * @description Start exactly the plan that was shown. The same ``idempotency_key`` gives the same run.
     */
    NewRun: {
      idempotency_key: string;
      /** @default {} */
      params: {
        [key: string]: number | string | boolean;
      };
      path: string;
      plan_hash: string;
    };
    /**
     * Options
     * @description What a request form offers.
     */
    Options: {
      default_days: number;
      max_days: {
        [key: string]: number;
      };
      purposes: components['schemas']['PurposeChoice'][];
    };
    /**
     * Outcome
     * @description The result of one check. ``unknown`` means that it could not be made; it is never shown as good.
     * @enum {unknown}
     */
    Outcome: 'failed' | 'ok' | 'unknown' | 'warning';
    /**
     * PackagesStatus
     * @description All tools, and the last examination if there was one.
     */
    PackagesStatus: {
      /** @default {} */
      exports: {
        [key: string]: string;
      };
      /** @default null */
      last: components['schemas']['Examination'] | null;
      tools: components['schemas']['Tool'][];
    };
    /**
     * Plan
     * @description What would happen; making it changes nothing. ``hash`` names exactly this plan and is sent back to start it.
     *
     *         ``definition`` is the SageMaker pipeline JSON (version 2020-12-01). ``summary`` is the line above the button.
     */
    Plan: {
      bundle: components['schemas']['Bundle'];
      cost: string;
      definition: Record<string, never>;
      findings: components['schemas']['Finding'][];
      hash: string;
      inputs: components['schemas']['DataInput'][];
      name: string;
      params: Record<string, never>;
      path: string;
      runner: string;
      startable: boolean;
      steps: components['schemas']['PlanStep'][];
      summary: string;
    };
    /**
     * PlanStep
     * @description A step as it would run.
     */
    PlanStep: {
      /** @default false */
      cached: boolean;
      /** @default [] */
      depends_on: string[];
      instance: string;
      name: string;
      type: string;
    };
    /**
     * PolicyView
     * @description Every effective value and where it comes from.
     */
    PolicyView: {
      path: string | null;
      settings: components['schemas']['Setting'][];
    };
    /**
     * Problem
     * @description The one error shape on the wire.
     *
     *         ``code`` is stable and for programs, the other three are sentences for people: what happened, why, and what to do.
     */
    Problem: {
      /** @default  */
      cause: string;
      code: string;
      message: string;
      /** @default  */
      next_step: string;
    };
    /**
     * PurposeChoice
     * @description One purpose that may be chosen.
     */
    PurposeChoice: {
      code: string;
      label: string;
    };
    /**
     * Request
     * @description A person asks for a scope, for a purpose, for ``days`` days. ``revision`` grows when it is changed.
     *
     *         ``approvers`` are the people who may decide now, and ``columns`` what the dataset says of the columns asked for:
     *         both only while it is open. ``grant_id`` is set when it was approved; ``revised_at`` when it was last revised.
     */
    Request: {
      /** @default [] */
      approvers: string[];
      /** @default [] */
      columns: components['schemas']['Column'][];
      created_at: string;
      dataset_title: string;
      days: number;
      /** @default [] */
      decisions: components['schemas']['jupyter_mlplatform.access.models.Decision'][];
      /** @default null */
      grant_id: string | null;
      id: string;
      purpose: string;
      reason: string;
      requester: string;
      /** @default null */
      revised_at: string | null;
      revision: number;
      scope: components['schemas']['Scope'];
      state: components['schemas']['RequestState'];
      version: number;
    };
    /**
     * RequestList
     * @description Requests, newest first.
     */
    RequestList: {
      items: components['schemas']['Request'][];
    };
    /**
     * RequestState
     * @description Where a request stands; the last five are final.
     * @enum {unknown}
     */
    RequestState: 'approved' | 'changes_asked' | 'lapsed' | 'rejected' | 'submitted' | 'void' | 'withdrawn';
    /**
     * Revocation
     * @description Why a grant is taken back.
     */
    Revocation: {
      /** @default  */
      reason: string;
    };
    /**
     * Role
     * @description Whose view of a list: ``mine``, ``inbox`` (requests I may decide) or ``owned`` (grants on my datasets).
     */
    Role: {
      /** @default mine */
      role: string;
    };
    /**
     * Run
     * @description One execution of a plan, as told by its events.
     */
    Run: {
      bundle_digest: string;
      created_at: string;
      /** @default  */
      error: string;
      /** @default null */
      finished_at: string | null;
      id: string;
      /** @default [] */
      inputs: components['schemas']['DataInput'][];
      /** @default [] */
      metrics: components['schemas']['Metric'][];
      name: string;
      /** @default {} */
      params: Record<string, never>;
      path: string;
      person: string;
      plan_hash: string;
      runner: string;
      state: components['schemas']['RunState'];
      /** @default [] */
      steps: components['schemas']['RunStep'][];
      /** @default null */
      version_id: string | null;
    };
    /**
     * RunList
     * @description Runs, newest first.
     */
    RunList: {
      items: components['schemas']['Run'][];
    };
    /**
     * RunState
     * @description Where a run stands; the last four are final.
     * @enum {unknown}
     */
    RunState: 'Executing' | 'Failed' | 'Interrupted' | 'Starting' | 'Stopped' | 'Stopping' | 'Succeeded';
    /**
     * RunStep
     * @description One step of a run. ``progress`` such as "cell 3 of 7" while it runs.
     */
    RunStep: {
      /** @default [] */
      depends_on: string[];
      /** @default  */
      error: string;
      /** @default null */
      finished_at: string | null;
      name: string;
      /** @default  */
      progress: string;
      /** @default null */
      started_at: string | null;
      state: components['schemas']['StepState'];
      type: string;
    };
    /**
     * Scope
     * @description What is asked for or granted of one dataset: these columns, for reading.
     */
    Scope: {
      columns: string[];
      dataset_id: string;
      /** @default read */
      permission: string;
    };
    /**
     * Search
     * @description What is looked for: words of ``q`` match by prefix; the other fields narrow exactly.
     */
    Search: {
      /** @default  */
      classification: string;
      /** @default 20 */
      limit: number;
      /** @default 0 */
      offset: number;
      /** @default  */
      owner: string;
      /** @default  */
      q: string;
      /** @default  */
      tag: string;
    };
    /**
     * SearchPage
     * @description One page of results, best match first; ``total`` counts all of them.
     *
     *         A facet's counts ignore the filter on its own field, so that the choice can be changed. ``problems`` are what is
     *         wrong with catalogue files; the datasets they concern are missing or not up to date.
     */
    SearchPage: {
      facets: components['schemas']['Facet'][];
      items: components['schemas']['Summary'][];
      /** @default [] */
      problems: components['schemas']['Problem'][];
      total: number;
    };
    /**
     * Setting
     * @description One effective value and the file that set it (or ``built in``).
     */
    Setting: {
      key: string;
      origin: string;
      value: unknown;
    };
    /**
     * Severity
     * @description ``blocked`` stops the hand-off, ``warning`` does not.
     * @enum {unknown}
     */
    Severity: 'blocked' | 'ok' | 'warning';
    /**
     * Signal
     * @description What one source says. UNKNOWN never stops anything.
     * @enum {unknown}
     */
    Signal: 'idle' | 'unknown' | 'work';
    /**
     * State
     * @description What will happen to a kernel.
     * @enum {unknown}
     */
    State: 'culled' | 'idle' | 'kept' | 'unknown' | 'warned' | 'working';
    /**
     * StepState
     * @description Where a step of a run stands.
     * @enum {unknown}
     */
    StepState: 'Executing' | 'Failed' | 'Pending' | 'Skipped' | 'Stopped' | 'Succeeded';
    /**
     * Summary
     * @description A dataset in a list of search results. ``access`` is one of ``none``, ``requested``, ``granted``, ``owner``.
     */
    Summary: {
      /** @default none */
      access: string;
      classification: string;
      column_count: number;
      description: string;
      id: string;
      owner: string;
      rows: number | null;
      tags: string[];
      title: string;
    };
    /**
     * Tool
     * @description One client with its mirror. ``config_path`` is the file that is written for it; ``index`` holds no secret.
     */
    Tool: {
      /** @default  */
      config_path: string;
      /** @default  */
      detail: string;
      ecosystem: components['schemas']['Ecosystem'];
      /** @default  */
      index: string;
      state: components['schemas']['ToolState'];
    };
    /**
     * ToolState
     * @description How a tool stands: ``unmanaged`` means that the policy names no mirror for it.
     * @enum {unknown}
     */
    ToolState: 'applied' | 'drifted' | 'not_applied' | 'unmanaged';
    /**
     * Verdict
     * @description What an approver says.
     * @enum {unknown}
     */
    Verdict: 'approve' | 'ask_changes' | 'reject';
    /**
     * Version
     * @description A registered model: ``group`` and ``number`` name it, ``artifact`` is where it lies.
     */
    Version: {
      /** @default [] */
      approvals: components['schemas']['Approval'][];
      artifact: string;
      author: string;
      created_at: string;
      group: string;
      id: string;
      lineage: components['schemas']['Lineage'];
      metrics: components['schemas']['Metric'][];
      number: number;
      state: components['schemas']['VersionState'];
    };
    /**
     * VersionList
     * @description Model versions, newest first.
     */
    VersionList: {
      items: components['schemas']['Version'][];
    };
    /**
     * VersionState
     * @description SageMaker's approval states of a model version.
     * @enum {unknown}
     */
    VersionState: 'Approved' | 'PendingManualApproval' | 'Rejected';
    /**
     * WorkspaceInfo
     * @description What the panel's first section shows.
     */
    WorkspaceInfo: {
      details: {
        [key: string]: string;
      };
      enforcement: string;
      identity_from: string;
      name: string;
      person: string;
      place: string;
      policy_path: string | null;
      policy_writable: boolean;
      problem: string;
      support: string;
      version: string;
    };
    /**
     * Decision
     * @description One decision on one revision of a request; ``columns`` and ``days`` are what was granted.
     */
    'jupyter_mlplatform.access.models.Decision': {
      actor: string;
      at: string;
      /** @default [] */
      columns: string[];
      /** @default null */
      days: number | null;
      reason: string;
      revision: number;
      verdict: components['schemas']['Verdict'];
    };
    /**
     * Decision
     * @description One line of the decision log.
     */
    'jupyter_mlplatform.idle.models.Decision': {
      action: string;
      at: string;
      /** @default [] */
      evidence: components['schemas']['Evidence'][];
      kernel_id: string;
      why: string;
    };
  };
  responses: never;
  parameters: never;
  requestBodies: never;
  headers: never;
  pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
  getAccessDatasets: {
    parameters: {
      query?: {
        q?: string;
        classification?: string;
        tag?: string;
        owner?: string;
        limit?: number;
        offset?: number;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The result */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['SearchPage'];
        };
      };
      /** @description What went wrong, why, and what to do */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
        };
      };
    };
  };
  getAccessDatasetsDatasetId: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        dataset_id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The result */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['DatasetPage'];
        };
      };
      /** @description What went wrong, why, and what to do */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
        };
      };
    };
  };
  getAccessEvents: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The result */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['EventList'];
        };
      };
      /** @description What went wrong, why, and what to do */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
        };
      };
    };
  };
  getAccessGrants: {
    parameters: {
      query?: {
        role?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The result */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['GrantList'];
        };
      };
      /** @description What went wrong, why, and what to do */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
        };
      };
    };
  };
  postAccessGrantsGrantIdRevocation: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        grant_id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['Revocation'];
      };
    };
    responses: {
      /** @description The result */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Grant'];
        };
      };
      /** @description What went wrong, why, and what to do */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
        };
      };
    };
  };
  getAccessOptions: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The result */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Options'];
        };
      };
      /** @description What went wrong, why, and what to do */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
        };
      };
    };
  };
  getAccessRequests: {
    parameters: {
      query?: {
        role?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The result */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['RequestList'];
        };
      };
      /** @description What went wrong, why, and what to do */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
        };
      };
    };
  };
  postAccessRequests: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['NewRequest'];
      };
    };
    responses: {
      /** @description The result */
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Request'];
        };
      };
      /** @description What went wrong, why, and what to do */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
        };
      };
    };
  };
  getAccessRequestsRequestId: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        request_id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The result */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Request'];
        };
      };
      /** @description What went wrong, why, and what to do */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
        };
      };
    };
  };
  postAccessRequestsRequestIdDecisions: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        request_id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['NewDecision'];
      };
    };
    responses: {
      /** @description The result */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Request'];
        };
      };
      /** @description What went wrong, why, and what to do */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
        };
      };
    };
  };
  postAccessRequestsRequestIdWithdrawal: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        request_id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['Comment'];
      };
    };
    responses: {
      /** @description The result */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Request'];
        };
      };
      /** @description What went wrong, why, and what to do */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
        };
      };
    };
  };
  postHandoffPlans: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['NewPlan'];
      };
    };
    responses: {
      /** @description The result */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Plan'];
        };
      };
      /** @description What went wrong, why, and what to do */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
        };
      };
    };
  };
  getHandoffRuns: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The result */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['RunList'];
        };
      };
      /** @description What went wrong, why, and what to do */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
        };
      };
    };
  };
  postHandoffRuns: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['NewRun'];
      };
    };
    responses: {
      /** @description The result */
      202: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Run'];
        };
      };
      /** @description What went wrong, why, and what to do */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
        };
      };
    };
  };
  getHandoffRunsRunId: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        run_id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The result */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Run'];
        };
      };
      /** @description What went wrong, why, and what to do */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
        };
      };
    };
  };
  postHandoffRunsRunIdCancellation: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        run_id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The result */
      202: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Run'];
        };
      };
      /** @description What went wrong, why, and what to do */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
        };
      };
    };
  };
  getHandoffRunsRunIdLog: {
    parameters: {
      query: {
        step: string;
        offset?: number;
      };
      header?: never;
      path: {
        run_id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The result */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Log'];
        };
      };
      /** @description What went wrong, why, and what to do */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
        };
      };
    };
  };
  getHandoffVersions: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The result */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['VersionList'];
        };
      };
      /** @description What went wrong, why, and what to do */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
        };
      };
    };
  };
  getHandoffVersionsVersionId: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        version_id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The result */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Version'];
        };
      };
      /** @description What went wrong, why, and what to do */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
        };
      };
    };
  };
  postHandoffVersionsVersionIdDecisions: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        version_id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['NewApproval'];
      };
    };
    responses: {
      /** @description The result */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Version'];
        };
      };
      /** @description What went wrong, why, and what to do */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
        };
      };
    };
  };
  getIdle: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The result */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['IdleStatus'];
        };
      };
      /** @description What went wrong, why, and what to do */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
        };
      };
    };
  };
  postIdleLeases: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['NewLease'];
      };
    };
    responses: {
      /** @description The result */
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Lease'];
        };
      };
      /** @description What went wrong, why, and what to do */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
        };
      };
    };
  };
  deleteIdleLeasesLeaseId: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        lease_id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The result */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['IdleStatus'];
        };
      };
      /** @description What went wrong, why, and what to do */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
        };
      };
    };
  };
  postIdlePresence: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The result */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            [key: string]: boolean;
          };
        };
      };
      /** @description What went wrong, why, and what to do */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
        };
      };
    };
  };
  getOpenapiJson: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The result */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': Record<string, never>;
        };
      };
      /** @description What went wrong, why, and what to do */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
        };
      };
    };
  };
  getPackages: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The result */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['PackagesStatus'];
        };
      };
      /** @description What went wrong, why, and what to do */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
        };
      };
    };
  };
  postPackagesApplication: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The result */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Application'];
        };
      };
      /** @description What went wrong, why, and what to do */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
        };
      };
    };
  };
  deletePackagesApplication: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The result */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Application'];
        };
      };
      /** @description What went wrong, why, and what to do */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
        };
      };
    };
  };
  postPackagesChecks: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The result */
      202: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Examination'];
        };
      };
      /** @description What went wrong, why, and what to do */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
        };
      };
    };
  };
  getPackagesChecksExaminationId: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        examination_id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The result */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Examination'];
        };
      };
      /** @description What went wrong, why, and what to do */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
        };
      };
    };
  };
  deletePackagesChecksExaminationId: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        examination_id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The result */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Examination'];
        };
      };
      /** @description What went wrong, why, and what to do */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
        };
      };
    };
  };
  getPolicy: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The result */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['PolicyView'];
        };
      };
      /** @description What went wrong, why, and what to do */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
        };
      };
    };
  };
  getWorkspace: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The result */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['WorkspaceInfo'];
        };
      };
      /** @description What went wrong, why, and what to do */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Problem'];
        };
      };
    };
  };
}
