//! Every address of the site, as a function: a link that is written by hand breaks when its page moves.

use domain::{
    ids::{ImportId, LeadId, RunId, UserId},
    job::Job,
};

macro_rules! fixed {
    ($($name:ident = $path:literal;)+) => {$(
        #[doc = concat!("`", $path, "`")]
        pub const fn $name() -> &'static str { $path }
    )+};
}

fixed! {
    home = "/";
    sign_in = "/sign-in";
    choose_company = "/sign-in/company";
    sign_out = "/sign-out";
    first_run = "/first-run";
    account = "/account";
    account_password = "/account/password";
    account_sessions = "/account/sessions/end";
    theme = "/theme";
    dashboard = "/dashboard";
    tasks = "/tasks";
    leads = "/leads";
    customers = "/customers";
    new_lead = "/leads/new";
    agents = "/agents";
    leads_assignment = "/leads/selection/assignment";
    leads_spread = "/leads/selection/spread";
    leads_status = "/leads/selection/status";
    leads_tags = "/leads/selection/tags";
    imports = "/imports";
    runs = "/runs";
    runs_file = "/runs/history.csv";
    users = "/users";
    new_user = "/users/new";
    configurations = "/settings/configurations";
    live = "/live";
    kit = "/kit";
    health = "/health";
}

/// Where leads are added: with a file by whoever may, else one by one.
pub const fn add_leads(may_import: bool) -> &'static str {
    if may_import { imports() } else { new_lead() }
}

/// The settings of a job.
pub fn job(job: Job) -> String {
    format!("/settings/jobs/{}", job.word())
}

/// What a run of a job would do now.
pub fn job_preview(job: Job) -> String {
    format!("{}/preview", self::job(job))
}

/// Asks before a job runs now, and runs it.
pub fn run_now(job: Job) -> String {
    format!("{}/run", self::job(job))
}

/// How many leads a removal would take today, with settings that are not saved yet.
pub const fn removal_would_take() -> &'static str {
    "/settings/jobs/removal/would-take"
}

/// A lead's panel.
pub fn lead(lead: LeadId) -> String {
    format!("/leads/{lead}")
}

/// Whose a lead is.
pub fn lead_assignment(lead: LeadId) -> String {
    format!("/leads/{lead}/assignment")
}

/// Nobody's any more.
pub fn lead_unassignment(lead: LeadId) -> String {
    format!("/leads/{lead}/unassignment")
}

/// A lead's status.
pub fn lead_status(lead: LeadId) -> String {
    format!("/leads/{lead}/status")
}

/// A lead's tags.
pub fn lead_tags(lead: LeadId) -> String {
    format!("/leads/{lead}/tags")
}

/// The tags taken off a lead.
pub fn lead_untagging(lead: LeadId) -> String {
    format!("/leads/{lead}/tags/removal")
}

/// A lead's notes.
pub fn lead_notes(lead: LeadId) -> String {
    format!("/leads/{lead}/notes")
}

/// The form that changes a lead's fields.
pub fn lead_fields(lead: LeadId) -> String {
    format!("/leads/{lead}/fields")
}

/// An uploaded file that waits for its import.
pub fn upload(upload: &str) -> String {
    format!("/imports/uploads/{upload}")
}

/// The import of an uploaded file.
pub fn upload_import(upload: &str) -> String {
    format!("/imports/uploads/{upload}/import")
}

/// An uploaded file thrown away.
pub fn upload_removal(upload: &str) -> String {
    format!("/imports/uploads/{upload}/removal")
}

/// One import.
pub fn import(import: ImportId) -> String {
    format!("/imports/{import}")
}

/// The error rows of an import, as CSV.
pub fn import_errors(import: ImportId) -> String {
    format!("/imports/{import}/errors.csv")
}

/// The undoing of an import.
pub fn import_undo(import: ImportId) -> String {
    format!("/imports/{import}/undo")
}

/// The cancelling of an import.
pub fn import_cancel(import: ImportId) -> String {
    format!("/imports/{import}/cancel")
}

/// One run.
pub fn run(run: RunId) -> String {
    format!("/runs/{run}")
}

/// The cancelling of a run.
pub fn run_cancel(run: RunId) -> String {
    format!("/runs/{run}/cancel")
}

/// The per-agent table of a run, as CSV.
pub fn run_agents(run: RunId) -> String {
    format!("/runs/{run}/agents.csv")
}

/// Why a lead is whose it is: by one run, or by what decided last.
pub fn lead_why(lead: LeadId, run: Option<RunId>) -> String {
    run.map_or_else(|| format!("/leads/{lead}/why"), |run| format!("/leads/{lead}/why?run={run}"))
}

/// The undoing of a run.
pub fn run_undo(run: RunId) -> String {
    format!("/runs/{run}/undo")
}

/// One user.
pub fn user(user: UserId) -> String {
    format!("/users/{user}")
}

/// A user's ban.
pub fn user_ban(user: UserId) -> String {
    format!("/users/{user}/ban")
}

/// A user's sessions.
pub fn user_sessions(user: UserId) -> String {
    format!("/users/{user}/sessions/end")
}
