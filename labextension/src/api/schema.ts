// Generated from the server by `jlpm generate`; do not edit.
export interface paths {
  '/access/audit': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** The audit trail, looked through from its end */
    get: operations['getAccessAudit'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/access/audit/verification': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Check the audit trail: the chain, its end, and the state against it */
    get: operations['getAccessAuditVerification'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
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
  '/access/delegations': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Who decides in my place, and in whose place I may decide */
    get: operations['getAccessDelegations'];
    put?: never;
    /** Let somebody else decide in my place for a while */
    post: operations['postAccessDelegations'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/access/delegations/{delegation_id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post?: never;
    /** Take a delegation back, or give it up */
    delete: operations['deleteAccessDelegationsDelegationId'];
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
  '/access/oversight': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Who holds grants on the datasets that I oversee */
    get: operations['getAccessOversight'];
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
  '/access/suggestions': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Datasets that somebody may mean who has typed this much */
    get: operations['getAccessSuggestions'];
    put?: never;
    post?: never;
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
    /** Keep the workspace, a kernel or a terminal for a while */
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
  '/idle/report': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Hours, stops, what was held, and what was saved (an estimate) */
    get: operations['getIdleReport'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/idle/saved': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** A tab's answer to the request to save */
    post: operations['postIdleSaved'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/idle/timeline': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** What every kernel, every terminal and the workspace did */
    get: operations['getIdleTimeline'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/idle/unsaved': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** What a tab has not saved */
    post: operations['postIdleUnsaved'];
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
     * And
     * @description All are true.
     */
    And: {
      of: (
        | components['schemas']['Equals']
        | components['schemas']['In']
        | components['schemas']['Range']
        | components['schemas']['Like']
        | components['schemas']['Missing']
        | components['schemas']['Not']
        | components['schemas']['And']
        | components['schemas']['Or']
      )[];
      /** @enum {unknown} */
      test: 'and';
    };
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
     * Audit
     * @description What a check of the audit trail found.
     *
     *         ``head`` is the hash of the newest event: kept somewhere else, it proves later that nothing before it was changed
     *         or cut off. ``unanchored`` counts the newest events that the anchor does not cover yet.
     */
    Audit: {
      events: number;
      /** @default [] */
      findings: string[];
      head: string;
      /** @default 0 */
      unanchored: number;
    };
    /**
     * AuditPage
     * @description Events, the newest first. ``older``: go on with this as ``before``; 0 when the beginning was reached.
     */
    AuditPage: {
      items: components['schemas']['Event'][];
      /** @default 0 */
      older: number;
    };
    /**
     * AuditQuery
     * @description Which events are looked at: of a dataset, of a person (who did it, or whom it is about), of an action.
     *
     *         ``action`` may be the beginning of one, such as ``grant``. ``before`` is the number of an event: only older ones.
     */
    AuditQuery: {
      /** @default  */
      action: string;
      /** @default 0 */
      before: number;
      /** @default  */
      dataset: string;
      /** @default 50 */
      limit: number;
      /** @default  */
      person: string;
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
     * ColumnStatistics
     * @description ``missing``: the fraction of rows without a value, 0 to 1; ``distinct``: how many different values.
     *
     *         ``distinct`` counts to 1,000; one more stands for more than that, and None for values that are not compared.
     *         ``least`` and ``most`` are given only of numbers and times that the sample shows as they are.
     */
    ColumnStatistics: {
      /** @default null */
      distinct: number | null;
      /** @default null */
      least: string | null;
      missing: number;
      /** @default null */
      most: string | null;
      name: string;
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
     * Counters
     * @description How many grants are in each state, and how many there are of each concern, whatever is filtered.
     */
    Counters: {
      concerns: {
        [key: string]: number;
      };
      states: {
        [key: string]: number;
      };
    };
    /**
     * Counts
     * @description How often, by what it happened to.
     */
    Counts: {
      /** @default 0 */
      kernels: number;
      /** @default 0 */
      terminals: number;
      /** @default 0 */
      workspace: number;
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
     *         the registered content: a file that was replaced is another dataset until it is registered again. ``sample`` says
     *         what its owner lets everybody see of it. ``backend`` names what puts grants into force where that is not this
     *         software itself (``lake_formation``, ``datazone``, ``s3_access_grants``, ``postgres``); empty for local data. The
     *         ``location`` of such a dataset is ``glue://catalog id/database/table``, ``s3://bucket/prefix/`` or
     *         ``postgresql://host:port/database/schema.table``, never with credentials.
     */
    Dataset: {
      /** @default  */
      backend: string;
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
      kind: components['schemas']['jupyter_mlplatform.access.models.Kind'];
      /** @default true */
      live: boolean;
      location: string;
      owner: string;
      registered_at: string;
      /** @default  */
      registered_by: string;
      /** @default null */
      rows: number | null;
      /** @default null */
      sample: components['schemas']['SampleRule'] | null;
      /** @default [] */
      tags: string[];
      title: string;
    };
    /**
     * DatasetPage
     * @description Everything one person may see of one dataset, with their own access to it (see :class:`Summary`).
     *
     *         ``coming`` is a grant that was given and is still being set up where the data lies; ``effects`` are those of
     *         ``grant`` and ``coming``.
     */
    DatasetPage: {
      /** @default none */
      access: string;
      /** @default [] */
      approvers: string[];
      /** @default null */
      coming: components['schemas']['Grant'] | null;
      dataset: components['schemas']['Dataset'];
      /** @default 0 */
      default_days: number;
      /** @default [] */
      effects: components['schemas']['Effect'][];
      /** @default null */
      grant: components['schemas']['Grant'] | null;
      /** @default 0 */
      max_days: number;
      /** @default null */
      open_request: components['schemas']['Request'] | null;
      /** @default null */
      profile: components['schemas']['Profile'] | null;
      /** @default [] */
      review: components['schemas']['Purview'][];
    };
    /**
     * Days
     * @description How far back, in days.
     */
    Days: {
      /** @default 7 */
      days: number;
    };
    /**
     * Delegation
     * @description ``approver`` lets ``delegate`` decide in their place from ``not_before`` until, not including, ``not_after``.
     *
     *         It does not pass on what was itself delegated. ``ended_at`` is set when it was taken back before its end.
     */
    Delegation: {
      approver: string;
      delegate: string;
      /** @default null */
      ended_at: string | null;
      id: string;
      not_after: string;
      not_before: string;
      /** @default  */
      reason: string;
      version: number;
    };
    /**
     * DelegationList
     * @description Delegations to and from a person that are in force or to come, the one that begins first at the top.
     */
    DelegationList: {
      items: components['schemas']['Delegation'][];
    };
    /**
     * Ecosystem
     * @description A family of package clients.
     * @enum {unknown}
     */
    Ecosystem: 'conda' | 'pip';
    /**
     * Effect
     * @description What a grant needs done where the data lies, as a person sees it: a leg without its internals.
     *
     *         ``wanted`` is what should be so, ``state`` what is known of it; ``note`` says in words what was seen or went wrong
     *         the last time, ``attempts`` how often that failed in a row, ``due_at`` when it is tried or looked at next.
     */
    Effect: {
      /** @default 0 */
      attempts: number;
      backend: string;
      due_at: string;
      grant_id: string;
      /** @default  */
      note: string;
      state: components['schemas']['LegState'];
      wanted: boolean;
    };
    /**
     * EndReason
     * @description Why a grant ended.
     * @enum {unknown}
     */
    EndReason: 'dataset_gone' | 'expired' | 'left' | 'policy' | 'revoked' | 'superseded';
    /**
     * Equals
     * @description The column has this value.
     */
    Equals: {
      column: string;
      /** @enum {unknown} */
      test: 'equals';
      value: boolean | number | string;
    };
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
     *         ``backend`` is that of the dataset when it was granted: such a grant is ``fulfilling`` until what it needs there was
     *         seen in force, and ``ending`` until that was seen gone; the reasons of its end are set as soon as it is ending.
     *         ``announced_days``: its end was last announced so many days before. ``enforcement`` is ``enforced`` or ``advisory``
     *         (the kernel could read the file itself). ``ended_at``, ``ended_by``
     *         and ``end_note`` (the words of who ended it) are set with ``end_reason``. The id ``owner`` stands for an owner's
     *         own access, which nobody granted and which has no end.
     */
    Grant: {
      /** @default null */
      announced_days: number | null;
      approved_by: string;
      /** @default  */
      backend: string;
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
     * @description Grants, the one that ends first at the top, and what they need where the data lies.
     */
    GrantList: {
      /** @default [] */
      effects: components['schemas']['Effect'][];
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
     * @description The workspace's idleness: one verdict line, all subjects, the leases and the last decisions.
     */
    IdleStatus: {
      /** @default [] */
      decisions: components['schemas']['jupyter_mlplatform.idle.models.Decision'][];
      enabled: boolean;
      keep_max_seconds: number;
      /** @default [] */
      kernels: components['schemas']['SubjectStatus'][];
      /** @default [] */
      leases: components['schemas']['Lease'][];
      /** @default [] */
      processes: components['schemas']['ProcessStatus'][];
      sampled_at: string | null;
      /** @default null */
      savings: components['schemas']['Savings'] | null;
      state: components['schemas']['State'];
      /** @default null */
      stop: components['schemas']['StopPlan'] | null;
      stops_in_seconds: number | null;
      /** @default [] */
      terminals: components['schemas']['SubjectStatus'][];
      timeout_seconds: number;
      verdict: string;
      /** @default null */
      workspace: components['schemas']['SubjectStatus'] | null;
    };
    /**
     * In
     * @description The column has one of these values.
     */
    In: {
      column: string;
      /** @enum {unknown} */
      test: 'in';
      values: (boolean | number | string)[];
    };
    /**
     * Incident
     * @description Something that happened once: a stop that was held back, or one that failed.
     */
    Incident: {
      at: string;
      name: string;
      path: string;
      subject: string;
      why: string;
    };
    /**
     * Lease
     * @description A keep-alive: its subject is not stopped before ``until``. That of the workspace keeps everything.
     */
    Lease: {
      id: string;
      person: string;
      /** @default  */
      reason: string;
      /** @default workspace */
      subject: string;
      until: string;
    };
    /**
     * LegState
     * @description Where a leg stands.
     * @enum {unknown}
     */
    LegState:
      'applied' | 'applying' | 'drifted' | 'orphaned' | 'planned' | 'removed' | 'removing' | 'verified';
    /**
     * Like
     * @description The column's text fits a pattern: ``*`` stands for any text, ``?`` for one character; upper case matters.
     */
    Like: {
      column: string;
      pattern: string;
      /** @enum {unknown} */
      test: 'like';
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
     * Mask
     * @description What is shown in the place of a value.
     *
     *         ``hash``: the same sign for the same value, in this sample only, from which nobody finds the value; ``first``: its
     *         first character; ``null``: nothing.
     * @enum {unknown}
     */
    Mask: 'first' | 'hash' | 'null';
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
     * Missing
     * @description The column has no value.
     */
    Missing: {
      column: string;
      /** @enum {unknown} */
      test: 'null';
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
     * @description A decision as it is sent, on the ``revision`` and in the ``stage`` that the approver saw (empty: the present one,
     *         unless the same person has approved an earlier one).
     *
     *         Empty ``columns``, no ``rows`` and no ``days`` grant what was asked. A subset, a further condition on the rows or a
     *         smaller number narrows it.
     */
    NewDecision: {
      /** @default [] */
      columns: string[];
      /** @default null */
      days: number | null;
      /** @default  */
      reason: string;
      revision: number;
      /** @default null */
      rows:
        | (
            | components['schemas']['Equals']
            | components['schemas']['In']
            | components['schemas']['Range']
            | components['schemas']['Like']
            | components['schemas']['Missing']
            | components['schemas']['Not']
            | components['schemas']['And']
            | components['schemas']['Or']
          )
        | null;
      /** @default  */
      stage: string;
      verdict: components['schemas']['Verdict'];
    };
    /**
     * NewDelegation
     * @description A delegation as it is sent; it begins now when ``not_before`` is left out.
     */
    NewDelegation: {
      delegate: string;
      not_after: string;
      /** @default null */
      not_before: string | null;
      /** @default  */
      reason: string;
    };
    /**
     * NewLease
     * @description Keep a subject for ``seconds`` from now; more than the admin's cap is cut down to it.
     */
    NewLease: {
      /** @default  */
      reason: string;
      seconds: number;
      /** @default workspace */
      subject: string;
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
      /** @default  */
      basket: string;
      /** @default  */
      beneficiary: string;
      /** @default [] */
      columns: string[];
      dataset_id: string;
      /** @default null */
      days: number | null;
      idempotency_key: string;
      purpose: string;
      /** @default  */
      reason: string;
      /** @default  */
      renews: string;
      /** @default null */
      rows:
        | (
            | components['schemas']['Equals']
            | components['schemas']['In']
            | components['schemas']['Range']
            | components['schemas']['Like']
            | components['schemas']['Missing']
            | components['schemas']['Not']
            | components['schemas']['And']
            | components['schemas']['Or']
          )
        | null;
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
     * Not
     * @description The condition is false.
     */
    Not: {
      of:
        | components['schemas']['Equals']
        | components['schemas']['In']
        | components['schemas']['Range']
        | components['schemas']['Like']
        | components['schemas']['Missing']
        | components['schemas']['Not']
        | components['schemas']['And']
        | components['schemas']['Or'];
      /** @enum {unknown} */
      test: 'not';
    };
    /**
     * Options
     * @description What a request form offers. ``may_oversee``: whether the person sees who holds grants, ``may_verify``:
     *         whether they can have the audit trail checked; see ``Oversight``.
     */
    Options: {
      default_days: number;
      max_days: {
        [key: string]: number;
      };
      /** @default false */
      may_oversee: boolean;
      /** @default false */
      may_verify: boolean;
      purposes: components['schemas']['PurposeChoice'][];
    };
    /**
     * Or
     * @description At least one is true.
     */
    Or: {
      of: (
        | components['schemas']['Equals']
        | components['schemas']['In']
        | components['schemas']['Range']
        | components['schemas']['Like']
        | components['schemas']['Missing']
        | components['schemas']['Not']
        | components['schemas']['And']
        | components['schemas']['Or']
      )[];
      /** @enum {unknown} */
      test: 'or';
    };
    /**
     * Outcome
     * @description The result of one check. ``unknown`` means that it could not be made; it is never shown as good.
     * @enum {unknown}
     */
    Outcome: 'failed' | 'ok' | 'unknown' | 'warning';
    /**
     * OverseenDataset
     * @description The grants on one dataset, those that need somebody first.
     */
    OverseenDataset: {
      /** @default  */
      concern: string;
      grants: components['schemas']['OverseenGrant'][];
      id: string;
      owner: string;
      title: string;
    };
    /**
     * OverseenGrant
     * @description A grant with its effects. ``concern`` is one of ``orphaned``, ``drifted``, ``failing``, ``pending``, or empty.
     */
    OverseenGrant: {
      /** @default  */
      concern: string;
      /** @default [] */
      effects: components['schemas']['Effect'][];
      grant: components['schemas']['Grant'];
    };
    /**
     * OversightPage
     * @description Datasets with their grants, those that need somebody first. ``total`` counts datasets.
     */
    OversightPage: {
      counters: components['schemas']['Counters'];
      items: components['schemas']['OverseenDataset'][];
      total: number;
    };
    /**
     * OversightQuery
     * @description Which grants are looked at: of a dataset, of a person, in a state.
     *
     *         ``state`` is that of a grant, ``attention`` for those somebody has to look after, or empty for all but ended ones.
     *         ``limit`` and ``offset`` count datasets.
     */
    OversightQuery: {
      /** @default  */
      dataset: string;
      /** @default 20 */
      limit: number;
      /** @default 0 */
      offset: number;
      /** @default  */
      person: string;
      /** @default  */
      state: string;
    };
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
     * Phase
     * @description What a subject did, as far as the log can tell. STOPPED by the keeper; UNSEEN: nobody watched.
     * @enum {unknown}
     */
    Phase: 'doubt' | 'idle' | 'kept' | 'stopped' | 'unseen' | 'working';
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
     * ProcessStatus
     * @description A process of this person that belongs to no kernel and no terminal.
     *
     *         ``cpu`` is the fraction of one core that it used over the last sample; ``why`` says what it is counted as. The
     *         command line is not shown: it may hold a secret.
     */
    ProcessStatus: {
      cpu: number;
      name: string;
      pid: number;
      signal: components['schemas']['Signal'];
      why: string;
    };
    /**
     * Profile
     * @description What is shown of the content with this ``fingerprint``.
     */
    Profile: {
      fingerprint: string;
      /** @default null */
      sample: components['schemas']['Sample'] | null;
      /** @default [] */
      statistics: components['schemas']['ColumnStatistics'][];
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
     * Purview
     * @description One stage of a request's review: who may decide, and by whom it was approved (empty: not yet).
     *
     *         A delegate stands in ``approvers`` beside those who delegated.
     */
    Purview: {
      /** @default  */
      approved_by: string;
      approvers: string[];
      stage: string;
    };
    /**
     * Range
     * @description The column is at least, at most or below a value; at least one of them is said.
     */
    Range: {
      /** @default null */
      at_least: boolean | number | string | null;
      /** @default null */
      at_most: boolean | number | string | null;
      /** @default null */
      below: boolean | number | string | null;
      column: string;
      /** @enum {unknown} */
      test: 'range';
    };
    /**
     * Reason
     * @description What kept something awake: ``source`` as the evidence names it (``cells``, ``gpu``; ``keep`` for keep-alives and
     *         other holds), whether it was work, doubt or a hold, how often, for how long, and the newest sentence that said so.
     */
    Reason: {
      example: string;
      hours: number;
      kind: components['schemas']['jupyter_mlplatform.idle.models.Kind'];
      source: string;
      times: number;
      was: components['schemas']['Phase'];
    };
    /**
     * Report
     * @description Everything about a period.
     *
     *         ``begins``: the first line of the log that is still there (None: there is none); if it is later than ``since``,
     *         what was before it is missing. ``held`` and ``failed`` show the newest, ``holds`` and ``failures`` count all.
     */
    Report: {
      begins: string | null;
      cancelled: components['schemas']['Counts'];
      failed: components['schemas']['Incident'][];
      failures: number;
      held: components['schemas']['Incident'][];
      holds: number;
      hours: components['schemas']['jupyter_mlplatform.idle.report.Hours'];
      reasons: components['schemas']['Reason'][];
      savings: components['schemas']['Savings'];
      since: string;
      stopped: components['schemas']['Counts'];
      until: string;
      warned: components['schemas']['Counts'];
    };
    /**
     * Request
     * @description A person asks for a scope, for a purpose, for ``days`` days. ``revision`` grows when it is changed.
     *
     *         ``beneficiary`` is who is going to use the data (empty: the requester), ``renews`` the grant that a renewal goes on
     *         from, ``basket`` what was asked for together, ``required`` the stages that the policy demanded when it was asked.
     *         ``approvers`` are the people who may decide now, ``review`` all stages in their order, and ``columns`` what the
     *         dataset says of the columns asked for: all three only while it is open. ``grant_id`` is set when it was approved;
     *         ``revised_at`` when it was last revised, ``reminded_at`` and ``escalated_at`` when its present stage was.
     */
    Request: {
      /** @default [] */
      approvers: string[];
      /** @default  */
      basket: string;
      /** @default  */
      beneficiary: string;
      /** @default [] */
      columns: components['schemas']['Column'][];
      created_at: string;
      dataset_title: string;
      days: number;
      /** @default [] */
      decisions: components['schemas']['jupyter_mlplatform.access.models.Decision'][];
      /** @default null */
      escalated_at: string | null;
      /** @default null */
      grant_id: string | null;
      id: string;
      /** @default new */
      kind: components['schemas']['RequestKind'];
      purpose: string;
      reason: string;
      /** @default null */
      reminded_at: string | null;
      /** @default  */
      renews: string;
      requester: string;
      /** @default [] */
      required: string[];
      /** @default [] */
      review: components['schemas']['Purview'][];
      /** @default null */
      revised_at: string | null;
      revision: number;
      scope: components['schemas']['Scope'];
      state: components['schemas']['RequestState'];
      version: number;
    };
    /**
     * RequestKind
     * @description Why it is asked: for the first time, to go on after a grant's end, or to have a grant's scope changed.
     * @enum {unknown}
     */
    RequestKind: 'new' | 'renewal';
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
     * Sample
     * @description Rows to look at. Values are text, None where there is none; long ones end in ``…``.
     */
    Sample: {
      columns: string[];
      rows: (string | null)[][];
    };
    /**
     * SampleRule
     * @description What the owner allows to be shown: so many rows of these columns, some of them masked.
     */
    SampleRule: {
      columns: string[];
      /** @default {} */
      masks: {
        [key: string]: components['schemas']['Mask'];
      };
      /** @default 10 */
      rows: number;
    };
    /**
     * Saved
     * @description A tab's answer to the request to save: what it could not save, path to reason; empty when all is saved.
     */
    Saved: {
      client: string;
      /** @default {} */
      failed: {
        [key: string]: string;
      };
      request: string;
    };
    /**
     * Savings
     * @description What stopping has saved since ``since``: an estimate.
     *
     *         Hours are those of the whole workspace: with work, without, and stopped by the keeper until the next start.
     *         ``money`` is ``hours_stopped`` times the price of this instance; None where the policy names no price for it.
     *         ``still_stopped``: the last stop has not ended, so it counts until now. Kernels and terminals that were stopped
     *         alone are counted only: they cost nothing by themselves.
     */
    Savings: {
      /** @default  */
      currency: string;
      hours_idle: number;
      hours_stopped: number;
      hours_working: number;
      /** @default  */
      instance: string;
      /** @default 0 */
      kernels_stopped: number;
      /** @default null */
      money: number | null;
      /** @default null */
      price_per_hour: number | null;
      since: string;
      /** @default false */
      still_stopped: boolean;
      /** @default 0 */
      terminals_stopped: number;
    };
    /**
     * Scope
     * @description What is asked for or granted of one dataset: these columns, of these rows (None: of all), for reading.
     */
    Scope: {
      columns: string[];
      dataset_id: string;
      /** @default read */
      permission: string;
      /** @default null */
      rows:
        | (
            | components['schemas']['Equals']
            | components['schemas']['In']
            | components['schemas']['Range']
            | components['schemas']['Like']
            | components['schemas']['Missing']
            | components['schemas']['Not']
            | components['schemas']['And']
            | components['schemas']['Or']
          )
        | null;
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
     * @description One page of results, best match first. ``total`` counts all of them; ``capped``: it was counted to there only,
     *         and there are more.
     *
     *         A facet's counts ignore the filter on its own field, so that the choice can be changed. ``problems`` are what is
     *         wrong with catalogue files; the datasets they concern are missing or not up to date.
     */
    SearchPage: {
      /** @default false */
      capped: boolean;
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
     * @description What will happen to a subject.
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
     * StopMode
     * @description How the workspace is stopped.
     *
     *         ``provider``: SageMaker asks our ``/api/idle`` and stops the app; ``feeder``: SageMaker's own activity monitor
     *         answers there, and reads the time that we write for it; ``direct``: we ask SageMaker to delete the app; ``server``:
     *         this Jupyter server ends, its machine goes on; ``none``: nothing but kernels and terminals is stopped.
     * @enum {unknown}
     */
    StopMode: 'direct' | 'feeder' | 'none' | 'provider' | 'server';
    /**
     * StopPlan
     * @description How this workspace would be stopped, ``why`` in one sentence, and what went wrong the last time (``problem``).
     *
     *         ``mode`` does it; ``native`` is what tells SageMaker's own idle shutdown meanwhile (none outside of SageMaker).
     */
    StopPlan: {
      mode: components['schemas']['StopMode'];
      /** @default none */
      native: components['schemas']['StopMode'];
      /** @default  */
      problem: string;
      why: string;
    };
    /**
     * Stretch
     * @description A time in which a subject's state did not change.
     */
    Stretch: {
      since: string;
      state: components['schemas']['State'];
      until: string;
      /** @default  */
      why: string;
    };
    /**
     * SubjectStatus
     * @description A kernel, a terminal or the workspace as the panel shows it.
     *
     *         ``subject`` is ``kernel:ID``, ``terminal:NAME`` or ``workspace``; ``name`` the kernel's specification, the
     *         terminal's or the workspace's name; ``path`` the notebook, if it has one. ``idle_seconds`` since work was last seen,
     *         ``stops_in_seconds`` until it would be stopped (None: it is not going to be), ``why`` one sentence beginning with
     *         "kept because" or "stops because". ``timeout_seconds`` is its own idle timeout (None: never stopped), which
     *         ``timeout_from`` has set: the policy, a rule of it, the kernel's specification or the notebook.
     */
    SubjectStatus: {
      /** @default [] */
      evidence: components['schemas']['Evidence'][];
      idle_seconds: number;
      kind: components['schemas']['jupyter_mlplatform.idle.models.Kind'];
      name: string;
      path: string;
      state: components['schemas']['State'];
      stops_in_seconds: number | null;
      subject: string;
      /** @default policy */
      timeout_from: string;
      /** @default null */
      timeout_seconds: number | null;
      why: string;
    };
    /**
     * Suggesting
     * @description What somebody has typed so far.
     */
    Suggesting: {
      /** @default  */
      text: string;
    };
    /**
     * Suggestion
     * @description A dataset that may be meant.
     */
    Suggestion: {
      id: string;
      title: string;
    };
    /**
     * SuggestionList
     * @description Suggestions, the likeliest first.
     */
    SuggestionList: {
      items: components['schemas']['Suggestion'][];
    };
    /**
     * Summary
     * @description A dataset in a list of search results.
     *
     *         ``access`` is one of ``none``, ``requested``, ``fulfilling`` (granted, and being set up where the data lies),
     *         ``granted``, ``owner``.
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
     * Timeline
     * @description What every subject did between two instants; the workspace first.
     */
    Timeline: {
      since: string;
      /** @default [] */
      tracks: components['schemas']['Track'][];
      until: string;
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
     * Track
     * @description The stretches of one subject, oldest first; time without a stretch was not watched.
     */
    Track: {
      kind: components['schemas']['jupyter_mlplatform.idle.models.Kind'];
      name: string;
      path: string;
      /** @default [] */
      stretches: components['schemas']['Stretch'][];
      subject: string;
    };
    /**
     * Unsaved
     * @description The documents with unsaved changes in one tab of a browser (``client``), as paths; none when all are saved.
     */
    Unsaved: {
      client: string;
      /** @default [] */
      paths: string[];
    };
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
     * @description One decision on one revision of a request, in one ``stage`` of its review.
     *
     *         ``columns``, ``rows`` and ``days`` are what is left of it after an approval. ``on_behalf`` is the approver who had
     *         delegated to ``actor`` (empty: the actor's own right), ``rule`` the policy's rule where nobody but it decided, and
     *         ``policy_version`` the policy in force.
     */
    'jupyter_mlplatform.access.models.Decision': {
      actor: string;
      at: string;
      /** @default [] */
      columns: string[];
      /** @default null */
      days: number | null;
      /** @default  */
      on_behalf: string;
      /** @default  */
      policy_version: string;
      reason: string;
      revision: number;
      /** @default null */
      rows:
        | (
            | components['schemas']['Equals']
            | components['schemas']['In']
            | components['schemas']['Range']
            | components['schemas']['Like']
            | components['schemas']['Missing']
            | components['schemas']['Not']
            | components['schemas']['And']
            | components['schemas']['Or']
          )
        | null;
      /** @default  */
      rule: string;
      /** @default  */
      stage: string;
      verdict: components['schemas']['Verdict'];
    };
    /**
     * Kind
     * @description What a dataset physically is: one file, a folder of Parquet files of one schema, or a table of a database.
     *
     *         The last three lie elsewhere: a table of a PostgreSQL server, one of the Glue catalogue, everything below an S3
     *         prefix.
     * @enum {unknown}
     */
    'jupyter_mlplatform.access.models.Kind':
      'file' | 'folder' | 'glue_table' | 'postgres_table' | 's3_prefix' | 'table';
    /**
     * Decision
     * @description One line of the decision log.
     *
     *         ``action``: what was done or noticed: ``working``, ``idle``, ``unknown`` and ``kept`` tell that a subject's state
     *         changed, ``warned``, ``cancelled``, ``culled``, ``held``, ``failed``, ``released`` what the keeper did.
     *         ``idle_seconds`` is how long the subject had been idle, ``timeout_seconds`` the rule that it was held against
     *         (None: never stopped).
     */
    'jupyter_mlplatform.idle.models.Decision': {
      action: string;
      at: string;
      /** @default [] */
      evidence: components['schemas']['Evidence'][];
      /** @default 0 */
      idle_seconds: number;
      /** @default  */
      name: string;
      /** @default  */
      path: string;
      subject: string;
      /** @default null */
      timeout_seconds: number | null;
      why: string;
    };
    /**
     * Kind
     * @description What can be judged and stopped.
     * @enum {unknown}
     */
    'jupyter_mlplatform.idle.models.Kind': 'kernel' | 'terminal' | 'workspace';
    /**
     * Hours
     * @description Hours of the workspace by its state; ``unwatched`` is the time in which no server looked and none was stopped.
     */
    'jupyter_mlplatform.idle.report.Hours': {
      idle: number;
      kept: number;
      stopped: number;
      unknown: number;
      unwatched: number;
      working: number;
    };
    /**
     * Hours
     * @description How far back, in hours.
     */
    'jupyter_mlplatform.server.idle.Hours': {
      /** @default 24 */
      hours: number;
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
  getAccessAudit: {
    parameters: {
      query?: {
        dataset?: string;
        person?: string;
        action?: string;
        before?: number;
        limit?: number;
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
          'application/json': components['schemas']['AuditPage'];
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
  getAccessAuditVerification: {
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
          'application/json': components['schemas']['Audit'];
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
  getAccessDelegations: {
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
          'application/json': components['schemas']['DelegationList'];
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
  postAccessDelegations: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['NewDelegation'];
      };
    };
    responses: {
      /** @description The result */
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Delegation'];
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
  deleteAccessDelegationsDelegationId: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        delegation_id: string;
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
          'application/json': components['schemas']['Delegation'];
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
  getAccessOversight: {
    parameters: {
      query?: {
        dataset?: string;
        person?: string;
        state?: string;
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
          'application/json': components['schemas']['OversightPage'];
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
  getAccessSuggestions: {
    parameters: {
      query?: {
        text?: string;
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
          'application/json': components['schemas']['SuggestionList'];
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
  getIdleReport: {
    parameters: {
      query?: {
        days?: number;
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
          'application/json': components['schemas']['Report'];
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
  postIdleSaved: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['Saved'];
      };
    };
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
  getIdleTimeline: {
    parameters: {
      query?: {
        hours?: number;
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
          'application/json': components['schemas']['Timeline'];
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
  postIdleUnsaved: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['Unsaved'];
      };
    };
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
