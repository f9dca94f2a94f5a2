-- The house: companies, people, statuses, leads, their timelines, imports, jobs and runs.
--
-- Conventions (docs/schema.md): ids BIGINT, instants BIGINT milliseconds named *_at_ms, local dates TEXT YYYY-MM-DD.
-- Every table of a company's data begins its keys with company_id: the tenant wall, and the distribution key.
-- /*sqlite …*/ and /*pg …*/ are uncommented for that engine only. Text in a key is compared bytewise on both.

-- Global tables ------------------------------------------------------------------------------------------------

-- Identifiers: a sequence per kind on PostgreSQL; on SQLite, where there is one writer, a row per kind.
/*sqlite CREATE TABLE id_blocks (name TEXT NOT NULL PRIMARY KEY, next BIGINT NOT NULL) WITHOUT ROWID;*/
/*pg CREATE SEQUENCE ids_company;*/
/*pg CREATE SEQUENCE ids_user;*/
/*pg CREATE SEQUENCE ids_role;*/
/*pg CREATE SEQUENCE ids_label;*/
/*pg CREATE SEQUENCE ids_status;*/
/*pg CREATE SEQUENCE ids_lead;*/
/*pg CREATE SEQUENCE ids_import;*/
/*pg CREATE SEQUENCE ids_run;*/

CREATE TABLE companies (
    id BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    name_folded TEXT /*pg COLLATE "C"*/ NOT NULL UNIQUE,
    country TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    working_days BIGINT NOT NULL DEFAULT 31, -- bit 0 = Monday
    created_at_ms BIGINT NOT NULL
);

-- Who may sign in where. One e-mail may belong to several companies.
CREATE TABLE sign_ins (
    email_folded TEXT /*pg COLLATE "C"*/ NOT NULL,
    company_id BIGINT NOT NULL REFERENCES companies (id),
    user_id BIGINT NOT NULL,
    password_hash TEXT,
    PRIMARY KEY (email_folded, company_id)
) /*sqlite WITHOUT ROWID*/;

-- Who is signed in. The browser holds the token; here is only its hash, so that a copy of the database opens no door.
CREATE TABLE sessions (
    token_hash TEXT /*pg COLLATE "C"*/ NOT NULL PRIMARY KEY, -- SHA-256, in hexadecimal
    company_id BIGINT NOT NULL REFERENCES companies (id),
    user_id BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    seen_at_ms BIGINT NOT NULL, -- to the minute
    expires_at_ms BIGINT NOT NULL,
    browser TEXT NOT NULL -- what it said it was, for the list of sessions
) /*sqlite WITHOUT ROWID*/;

CREATE INDEX sessions_user ON sessions (company_id, user_id);

-- When the scheduler has to look at a company again: when the next of its jobs is due, or tried again. No row: nothing is
-- switched on. Whoever changes the settings or looks at the company locks this row first.
CREATE TABLE alarms (
    company_id BIGINT NOT NULL PRIMARY KEY REFERENCES companies (id),
    due_at_ms BIGINT NOT NULL
) /*sqlite WITHOUT ROWID*/;

CREATE INDEX alarms_due ON alarms (due_at_ms, company_id);

-- People --------------------------------------------------------------------------------------------------------

CREATE TABLE branches (
    company_id BIGINT NOT NULL REFERENCES companies (id),
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    name_folded TEXT /*pg COLLATE "C"*/ NOT NULL,
    PRIMARY KEY (company_id, id),
    UNIQUE (company_id, name_folded)
) /*sqlite WITHOUT ROWID*/;

CREATE TABLE departments (
    company_id BIGINT NOT NULL REFERENCES companies (id),
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    name_folded TEXT /*pg COLLATE "C"*/ NOT NULL,
    PRIMARY KEY (company_id, id),
    UNIQUE (company_id, name_folded)
) /*sqlite WITHOUT ROWID*/;

CREATE TABLE roles (
    company_id BIGINT NOT NULL REFERENCES companies (id),
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    name_folded TEXT /*pg COLLATE "C"*/ NOT NULL,
    scope TEXT NOT NULL CHECK (scope IN ('company', 'branch', 'own')),
    receives_leads BIGINT NOT NULL CHECK (receives_leads IN (0, 1)),
    permissions TEXT NOT NULL, -- JSON array of "resource.action"
    PRIMARY KEY (company_id, id),
    UNIQUE (company_id, name_folded)
) /*sqlite WITHOUT ROWID*/;

CREATE TABLE users (
    company_id BIGINT NOT NULL REFERENCES companies (id),
    id BIGINT NOT NULL,
    role_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    name_folded TEXT /*pg COLLATE "C"*/ NOT NULL,
    email TEXT NOT NULL,
    email_folded TEXT /*pg COLLATE "C"*/ NOT NULL,
    branch_id BIGINT,
    department_id BIGINT,
    lead_cap BIGINT CHECK (lead_cap >= 0), -- NULL = no limit
    created_at_ms BIGINT NOT NULL,
    banned_at_ms BIGINT,
    banned_by_id BIGINT,
    PRIMARY KEY (company_id, id),
    UNIQUE (company_id, email_folded),
    FOREIGN KEY (company_id, role_id) REFERENCES roles (company_id, id),
    FOREIGN KEY (company_id, branch_id) REFERENCES branches (company_id, id),
    FOREIGN KEY (company_id, department_id) REFERENCES departments (company_id, id)
) /*sqlite WITHOUT ROWID*/;

-- By name, as pickers and filters show people; with what the choices of a filter need, so that they read nothing else.
CREATE INDEX users_name ON users (company_id, name_folded, id, name, role_id);

-- How many open leads a user owns. One row per user from the user's creation on: it is locked, in the order of
-- user ids and before any lead, by everything that changes an owner.
CREATE TABLE queues (
    company_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    held BIGINT NOT NULL,
    last_received_at_ms BIGINT NOT NULL,
    PRIMARY KEY (company_id, user_id),
    FOREIGN KEY (company_id, user_id) REFERENCES users (company_id, id)
) /*sqlite WITHOUT ROWID*/;

-- Statuses ------------------------------------------------------------------------------------------------------

CREATE TABLE statuses (
    company_id BIGINT NOT NULL REFERENCES companies (id),
    id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    name TEXT NOT NULL,
    name_folded TEXT /*pg COLLATE "C"*/ NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('open', 'closed', 'won')),
    mark TEXT CHECK (mark IN ('unassigned', 'assigned', 'followups', 'customer')), -- what the product itself does with it
    PRIMARY KEY (company_id, id),
    UNIQUE (company_id, name_folded),
    UNIQUE (company_id, mark)
) /*sqlite WITHOUT ROWID*/;

-- Deleted statuses: timelines go on naming them.
CREATE TABLE statuses_gone (
    company_id BIGINT NOT NULL REFERENCES companies (id),
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (company_id, id)
) /*sqlite WITHOUT ROWID*/;

-- Leads per status, sharded so that concurrent writers do not queue on one row. The sum over the shards is the count.
CREATE TABLE status_counts (
    company_id BIGINT NOT NULL,
    status_id BIGINT NOT NULL,
    shard BIGINT NOT NULL,
    leads BIGINT NOT NULL,
    PRIMARY KEY (company_id, status_id, shard),
    FOREIGN KEY (company_id, status_id) REFERENCES statuses (company_id, id)
) /*sqlite WITHOUT ROWID*/;

-- Leads ---------------------------------------------------------------------------------------------------------

CREATE TABLE sources (
    company_id BIGINT NOT NULL REFERENCES companies (id),
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    name_folded TEXT /*pg COLLATE "C"*/ NOT NULL,
    PRIMARY KEY (company_id, id),
    UNIQUE (company_id, name_folded)
) /*sqlite WITHOUT ROWID*/;

CREATE TABLE tags (
    company_id BIGINT NOT NULL REFERENCES companies (id),
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    name_folded TEXT /*pg COLLATE "C"*/ NOT NULL,
    PRIMARY KEY (company_id, id),
    UNIQUE (company_id, name_folded)
) /*sqlite WITHOUT ROWID*/;

CREATE TABLE imports (
    company_id BIGINT NOT NULL REFERENCES companies (id),
    id BIGINT NOT NULL,
    file_name TEXT NOT NULL,
    actor_id BIGINT, -- NULL = the command line
    state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed', 'cancelled', 'undone')),
    at_ms BIGINT NOT NULL,
    finished_at_ms BIGINT,
    failure TEXT,
    imported BIGINT NOT NULL,
    skipped BIGINT NOT NULL,
    errors BIGINT NOT NULL,
    headers TEXT, -- JSON array: the header of the file, over the cells of the error rows
    undone_at_ms BIGINT,
    undone_by_id BIGINT, -- NULL = the command line, or not undone
    taken_back BIGINT NOT NULL DEFAULT 0, -- leads that the undo deleted
    kept BIGINT NOT NULL DEFAULT 0, -- leads that it left, since somebody has touched them
    cancel_asked_at_ms BIGINT, -- somebody wished that it stop; it does not end as done then
    cancel_asked_by_id BIGINT,
    PRIMARY KEY (company_id, id)
) /*sqlite WITHOUT ROWID*/;

-- The rows of a file that made no lead, for download; the first of them where there are very many.
CREATE TABLE import_errors (
    company_id BIGINT NOT NULL,
    import_id BIGINT NOT NULL,
    record BIGINT NOT NULL, -- counted from 1, the header and blank lines not among them
    line BIGINT NOT NULL, -- of the file, counted from 1
    code TEXT NOT NULL,
    why TEXT NOT NULL,
    cells TEXT NOT NULL, -- JSON array, as they stood in the file
    PRIMARY KEY (company_id, import_id, record),
    FOREIGN KEY (company_id, import_id) REFERENCES imports (company_id, id)
) /*sqlite WITHOUT ROWID*/;

CREATE TABLE leads (
    company_id BIGINT NOT NULL REFERENCES companies (id),
    id BIGINT NOT NULL,
    version BIGINT NOT NULL, -- grows with every change of what a person may edit; writes name the one they saw
    entries BIGINT NOT NULL, -- entries in the timeline so far
    status_id BIGINT NOT NULL,
    owner_id BIGINT,
    branch_id BIGINT,
    department_id BIGINT,
    source_id BIGINT,
    import_id BIGINT,
    created_at_ms BIGINT NOT NULL,
    last_activity_at_ms BIGINT NOT NULL,
    owned_since_ms BIGINT,
    owner_chosen_at_ms BIGINT, -- a person chose the present owner, and when
    owner_acted_at_ms BIGINT,  -- the owner's last call, note or edit
    last_attempt_at_ms BIGINT,
    attempts BIGINT NOT NULL,
    owners_before BIGINT NOT NULL, -- how often the owner changed; 0 = never had one
    phone_doubtful BIGINT NOT NULL CHECK (phone_doubtful IN (0, 1)),
    email_doubtful BIGINT NOT NULL CHECK (email_doubtful IN (0, 1)),
    phone TEXT /*pg COLLATE "C"*/ NOT NULL, -- E.164
    phone_typed TEXT NOT NULL,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    name_key TEXT /*pg COLLATE "C"*/ NOT NULL, -- the beginning of the full name, folded: sorted by and searched in
    email TEXT,
    country TEXT,
    details TEXT, -- JSON object of the columns that map to nothing
    PRIMARY KEY (company_id, id),
    FOREIGN KEY (company_id, status_id) REFERENCES statuses (company_id, id),
    FOREIGN KEY (company_id, owner_id) REFERENCES users (company_id, id),
    FOREIGN KEY (company_id, branch_id) REFERENCES branches (company_id, id),
    FOREIGN KEY (company_id, department_id) REFERENCES departments (company_id, id),
    FOREIGN KEY (company_id, source_id) REFERENCES sources (company_id, id),
    FOREIGN KEY (company_id, import_id) REFERENCES imports (company_id, id)
) /*sqlite WITHOUT ROWID*/;

CREATE UNIQUE INDEX leads_phone ON leads (company_id, phone);
-- What lists go through (docs/decisions/0008). Those with status, owner or last activity in them are written by every
-- assignment: a new one of that sort costs the runs.
CREATE INDEX leads_status ON leads (company_id, status_id, id);
CREATE INDEX leads_status_activity ON leads (company_id, status_id, last_activity_at_ms, id, name_key);
CREATE INDEX leads_owner ON leads (company_id, owner_id, last_activity_at_ms, id, name_key, status_id);
CREATE INDEX leads_activity ON leads (company_id, last_activity_at_ms, id, status_id, owner_id, source_id, branch_id);
CREATE INDEX leads_name ON leads (company_id, name_key, id, source_id, branch_id);
CREATE INDEX leads_source ON leads (company_id, source_id, id, name_key);
CREATE INDEX leads_branch ON leads (company_id, branch_id, id, name_key);
CREATE INDEX leads_import ON leads (company_id, import_id, id);
CREATE INDEX leads_created ON leads (company_id, created_at_ms, id);
CREATE INDEX leads_doubtful ON leads (company_id, id, phone_doubtful, email_doubtful)
    WHERE phone_doubtful = 1 OR email_doubtful = 1;

-- What a lead is found by: the words of its name, its e-mail, and its number from behind after a space. A search is a
-- range of terms. No foreign key, as for the timeline: they are written in bulk beside their lead.
CREATE TABLE lead_terms (
    company_id BIGINT NOT NULL,
    term TEXT /*pg COLLATE "C"*/ NOT NULL,
    lead_id BIGINT NOT NULL,
    PRIMARY KEY (company_id, term, lead_id)
) /*sqlite WITHOUT ROWID*/;

CREATE TABLE lead_tags (
    company_id BIGINT NOT NULL,
    lead_id BIGINT NOT NULL,
    tag_id BIGINT NOT NULL,
    PRIMARY KEY (company_id, tag_id, lead_id),
    FOREIGN KEY (company_id, lead_id) REFERENCES leads (company_id, id),
    FOREIGN KEY (company_id, tag_id) REFERENCES tags (company_id, id)
) /*sqlite WITHOUT ROWID*/;

CREATE INDEX lead_tags_lead ON lead_tags (company_id, lead_id, tag_id);

-- The timeline of a lead: entry 1, 2, 3 … in the order in which things happened to it. No foreign key: entries are
-- written in bulk beside the lead they belong to, in the statement that counts them (docs/decisions/0004).
CREATE TABLE lead_events (
    company_id BIGINT NOT NULL,
    lead_id BIGINT NOT NULL,
    entry BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    kind TEXT NOT NULL,
    actor_id BIGINT, -- NULL = the product itself or the command line
    run_id BIGINT,
    from_owner_id BIGINT,
    to_owner_id BIGINT,
    from_status_id BIGINT,
    to_status_id BIGINT,
    detail TEXT,
    PRIMARY KEY (company_id, lead_id, entry)
) /*sqlite WITHOUT ROWID*/;

-- What a run did, for its page and its undo.
CREATE INDEX lead_events_run ON lead_events (company_id, run_id, lead_id, entry) WHERE run_id IS NOT NULL;

-- Jobs and runs -------------------------------------------------------------------------------------------------

CREATE TABLE job_settings (
    company_id BIGINT NOT NULL REFERENCES companies (id),
    job TEXT /*pg COLLATE "C"*/ NOT NULL,
    enabled BIGINT NOT NULL CHECK (enabled IN (0, 1)),
    at_minute BIGINT NOT NULL CHECK (at_minute BETWEEN 0 AND 1439), -- of the company's local day
    strategy TEXT NOT NULL,
    oldest_first BIGINT NOT NULL CHECK (oldest_first IN (0, 1)),
    rest_hours BIGINT NOT NULL, -- hours between an attempt and the next deal of an owned lead
    instant BIGINT NOT NULL CHECK (instant IN (0, 1)), -- assignment: a captured lead is assigned at once
    stale_days BIGINT NOT NULL, -- removal: days without work after which a lead goes back
    counts_from_ms BIGINT NOT NULL, -- when the time or the switch was changed: earlier slots do not count
    saved_at_ms BIGINT NOT NULL,
    saved_by_id BIGINT,
    PRIMARY KEY (company_id, job)
) /*sqlite WITHOUT ROWID*/;

CREATE TABLE job_statuses (
    company_id BIGINT NOT NULL,
    job TEXT /*pg COLLATE "C"*/ NOT NULL,
    status_id BIGINT NOT NULL,
    PRIMARY KEY (company_id, job, status_id),
    FOREIGN KEY (company_id, job) REFERENCES job_settings (company_id, job),
    FOREIGN KEY (company_id, status_id) REFERENCES statuses (company_id, id)
) /*sqlite WITHOUT ROWID*/;

CREATE TABLE runs (
    company_id BIGINT NOT NULL REFERENCES companies (id),
    id BIGINT NOT NULL,
    job TEXT /*pg COLLATE "C"*/ NOT NULL, -- 'assignment', 'top-up', 'removal', 'on arrival' (an import's leads), 'by hand' (a person's bulk change) or 'undo'
    state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed', 'cancelled')),
    started_by TEXT NOT NULL, -- 'command line', 'schedule' or 'person'
    actor_id BIGINT,
    started_at_ms BIGINT NOT NULL,
    finished_at_ms BIGINT,
    failure TEXT,
    assigned BIGINT NOT NULL DEFAULT 0,
    agents BIGINT NOT NULL DEFAULT 0,
    kept BIGINT NOT NULL DEFAULT 0,
    unassigned BIGINT NOT NULL DEFAULT 0,
    summary TEXT, -- JSON: settings, leftovers, exceptions, surplus, skipped
    undoes_id BIGINT, -- the run that this one undid
    slot_date TEXT /*pg COLLATE "C"*/, -- the schedule's turn that this run is for: the company's local date
    slot_at_ms BIGINT, -- and since when it is due
    cancel_asked_at_ms BIGINT, -- somebody wished that it stop; it does not end as done then
    cancel_asked_by_id BIGINT, -- NULL = the command line, or nobody
    PRIMARY KEY (company_id, id),
    FOREIGN KEY (company_id, undoes_id) REFERENCES runs (company_id, id)
) /*sqlite WITHOUT ROWID*/;

-- R41: one run of a company at a time, whoever asks.
CREATE UNIQUE INDEX runs_in_progress ON runs (company_id) WHERE state = 'running';

-- R38: a job succeeds once per local date, however many nodes keep the time.
CREATE UNIQUE INDEX runs_slot_done ON runs (company_id, job, slot_date) WHERE slot_date IS NOT NULL AND state = 'done';

-- The attempts of a date.
CREATE INDEX runs_slot ON runs (company_id, job, slot_date) WHERE slot_date IS NOT NULL;

-- R45: nothing is undone twice.
CREATE UNIQUE INDEX runs_undone ON runs (company_id, undoes_id) WHERE undoes_id IS NOT NULL;

-- The last run of a job.
CREATE INDEX runs_job ON runs (company_id, job, id);

CREATE TABLE run_agents (
    company_id BIGINT NOT NULL,
    run_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    held BIGINT NOT NULL, -- before the run
    lead_cap BIGINT,
    got BIGINT NOT NULL,
    after BIGINT NOT NULL,
    PRIMARY KEY (company_id, run_id, user_id),
    FOREIGN KEY (company_id, run_id) REFERENCES runs (company_id, id),
    FOREIGN KEY (company_id, user_id) REFERENCES users (company_id, id)
) /*sqlite WITHOUT ROWID*/;

-- Why a run did what it did (R44, docs/decisions/0012): how everybody stood …
CREATE TABLE run_decisions (
    company_id BIGINT NOT NULL,
    run_id BIGINT NOT NULL,
    head TEXT NOT NULL, -- JSON: strategy, people with room and load, what leads carried, where room was short
    PRIMARY KEY (company_id, run_id),
    FOREIGN KEY (company_id, run_id) REFERENCES runs (company_id, id)
) /*sqlite WITHOUT ROWID*/;

-- … and every lead it looked at, a few thousand in a row.
CREATE TABLE run_leads (
    company_id BIGINT NOT NULL,
    run_id BIGINT NOT NULL,
    first_lead_id BIGINT NOT NULL,
    last_lead_id BIGINT NOT NULL,
    left_over BIGINT NOT NULL, -- leads among them that nobody got
    leads /*sqlite BLOB*/ /*pg BYTEA*/ NOT NULL, -- ids, labels, owners and outcomes, packed
    PRIMARY KEY (company_id, run_id, first_lead_id),
    FOREIGN KEY (company_id, run_id) REFERENCES runs (company_id, id)
) /*sqlite WITHOUT ROWID*/;
