"""Tables of access.db. Number *n* takes the file from version *n* to *n + 1*; a script never changes once released.

A noun is kept whole as JSON in ``body``; columns beside it are what is searched, sorted or compared. Instants are
seconds since 1970, UTC.
"""

from jupyter_mlplatform.access.local import suggestions

MIGRATIONS = (
    """
    CREATE TABLE datasets (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        owner TEXT NOT NULL,
        classification TEXT NOT NULL,
        live INTEGER NOT NULL,
        body TEXT NOT NULL
    );
    CREATE INDEX datasets_owner ON datasets (owner);
    CREATE TABLE dataset_tags (
        number INTEGER NOT NULL,
        tag TEXT NOT NULL,
        PRIMARY KEY (tag, number)
    ) WITHOUT ROWID;
    CREATE INDEX dataset_tags_number ON dataset_tags (number);
    CREATE VIRTUAL TABLE dataset_words USING fts5 (
        id, title, tags, columns, description, owner,
        tokenize = "unicode61 remove_diacritics 2",
        prefix = '2 3'
    );
    CREATE TABLE catalogue_entries (dataset_id TEXT PRIMARY KEY, digest TEXT NOT NULL);
    CREATE TABLE requests (
        id TEXT PRIMARY KEY,
        requester TEXT NOT NULL,
        dataset_id TEXT NOT NULL,
        created_at REAL NOT NULL,
        state TEXT NOT NULL,
        version INTEGER NOT NULL,
        body TEXT NOT NULL
    );
    CREATE INDEX requests_requester ON requests (requester, dataset_id);
    CREATE INDEX requests_state ON requests (state, created_at);
    CREATE UNIQUE INDEX requests_open ON requests (requester, dataset_id)
        WHERE state IN ('submitted', 'changes_asked');
    CREATE TABLE request_keys (
        person TEXT NOT NULL,
        key TEXT NOT NULL,
        request_id TEXT NOT NULL,
        PRIMARY KEY (person, key)
    );
    CREATE TABLE grants (
        id TEXT PRIMARY KEY,
        request_id TEXT NOT NULL UNIQUE,
        subject TEXT NOT NULL,
        dataset_id TEXT NOT NULL,
        not_after REAL NOT NULL,
        state TEXT NOT NULL,
        version INTEGER NOT NULL,
        body TEXT NOT NULL
    );
    CREATE INDEX grants_subject ON grants (subject, dataset_id);
    CREATE INDEX grants_dataset ON grants (dataset_id);
    CREATE INDEX grants_end ON grants (not_after) WHERE state <> 'ended';
    CREATE TABLE events (seq INTEGER PRIMARY KEY, hash TEXT NOT NULL, row TEXT NOT NULL);
    CREATE TABLE event_people (
        person TEXT NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (person, seq)
    ) WITHOUT ROWID;
    """,
    """
    ALTER TABLE requests ADD COLUMN waits_since REAL NOT NULL DEFAULT 0;
    UPDATE requests SET waits_since = created_at;
    CREATE INDEX requests_waiting ON requests (state, waits_since);
    DROP INDEX requests_state;
    ALTER TABLE request_keys ADD COLUMN digest TEXT NOT NULL DEFAULT '';
    CREATE INDEX datasets_location ON datasets (json_extract(body, '$.location'));
    """,
    """
    CREATE TABLE delegations (
        id TEXT PRIMARY KEY,
        approver TEXT NOT NULL,
        delegate TEXT NOT NULL,
        not_before REAL NOT NULL,
        version INTEGER NOT NULL,
        body TEXT NOT NULL
    );
    CREATE INDEX delegations_approver ON delegations (approver);
    CREATE INDEX delegations_delegate ON delegations (delegate);
    """,
    suggestions.MIGRATION,
    "CREATE TABLE profiles (dataset_id TEXT PRIMARY KEY, body TEXT NOT NULL);",
    """
    CREATE TABLE legs (
        id TEXT PRIMARY KEY,
        grant_id TEXT NOT NULL,
        dataset_id TEXT NOT NULL,
        entitlement TEXT NOT NULL,
        due_at REAL NOT NULL,
        state TEXT NOT NULL,
        version INTEGER NOT NULL,
        body TEXT NOT NULL
    );
    CREATE INDEX legs_grant ON legs (grant_id);
    CREATE INDEX legs_dataset ON legs (dataset_id) WHERE state <> 'removed';
    CREATE INDEX legs_entitlement ON legs (entitlement) WHERE state <> 'removed';
    CREATE INDEX legs_due ON legs (due_at) WHERE state <> 'removed';
    DROP INDEX grants_end;
    CREATE INDEX grants_end ON grants (not_after) WHERE state NOT IN ('ending', 'ended');
    """,
)
