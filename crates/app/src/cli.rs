//! The command line: every flag is also an environment variable and a line of docs/cli.md.

#![allow(clippy::doc_markdown, rustdoc::bare_urls, reason = "these comments are the help that people read")]

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum, parser::ValueSource};
use std::{net::SocketAddr, path::PathBuf};

/// Gives every lead to the right agent: fair, at once, and with a reason.
#[derive(Debug, Parser)]
#[command(
    name = "evenhand",
    version,
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Cli {
    /// Where the rows are, and whose they are
    #[command(flatten)]
    pub place: Place,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// Where the rows are, and whose they are.
#[derive(Debug, Clone, Args)]
pub struct Place {
    /// The folder of the embedded database
    #[arg(long, global = true, env = "EVENHAND_DATA", value_name = "DIR", default_value = "./evenhand-data")]
    pub data: PathBuf,
    /// A PostgreSQL database instead: postgres://user:password@host:5432/name
    #[arg(long, global = true, env = "EVENHAND_DATABASE", value_name = "URL", hide_env_values = true)]
    pub database: Option<String>,
    /// Which company; needed only where there are several
    #[arg(long, global = true, env = "EVENHAND_COMPANY", value_name = "NAME")]
    pub company: Option<String>,
}

impl Cli {
    /// Reads the command line. A folder that is named there is meant, also where a database stands in the environment.
    pub fn read() -> Cli {
        let matches = Cli::command().get_matches();
        let mut cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        let is_typed = |flag| matches.value_source(flag) == Some(ValueSource::CommandLine);
        if is_typed("data") && !is_typed("database") {
            cli.place.database = None;
        }
        cli
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create a company and its first admin; makes the database if there is none
    Init(Init),
    /// Add, change and list the people of the company
    #[command(subcommand)]
    User(User),
    /// Bring in a list of leads from a CSV file
    Import(Import),
    /// Show and change the settings of the automatic jobs
    #[command(subcommand)]
    Settings(Settings),
    /// List and change the statuses of leads
    #[command(subcommand)]
    Status(Status),
    /// Run a job now, or preview what it would do
    #[command(subcommand)]
    Run(Run),
    /// List leads
    #[command(subcommand)]
    Leads(Leads),
    /// Show one lead
    #[command(subcommand)]
    Lead(Lead),
    /// Say why a lead is whose it is, or why nobody got it
    Explain(Explain),
    /// Write a consistent copy of everything into one file, also while the service runs
    Backup(Backup),
    /// Recount the counters and look for what the rules forbid
    Doctor(Doctor),
    /// Serve the pages
    Serve(Serve),
    /// Fill a fresh database with a believable company and serve it
    Demo(Demo),
    /// Solve an instance of the allotment problem; needs no database
    Plan(Plan),
    /// Measure this machine
    #[command(subcommand)]
    Bench(Bench),
}

/// Create a company and its first admin.
#[derive(Debug, Args)]
#[command(
    override_usage = "evenhand init --company <NAME> --country <CC> --timezone <ZONE> --admin-email <E> --password-stdin [OPTIONS]"
)]
#[command(after_help = "The name after --company is that of the new one.

Example:
  echo 'correct horse battery' | evenhand init --company 'Acme Loans' --country IN \\
      --timezone Asia/Kolkata --admin-email boss@acme.example --password-stdin")]
pub struct Init {
    /// The country whose phone numbers need no calling code, as two letters: US, GB, IN
    #[arg(long, value_name = "CC")]
    pub country: String,
    /// The company's time zone: Asia/Kolkata, Europe/London, America/New_York
    #[arg(long, value_name = "ZONE")]
    pub timezone: String,
    /// The first admin signs in with this e-mail
    #[arg(long, value_name = "E")]
    pub admin_email: String,
    /// Read the admin's password from the first line of standard input
    #[arg(long, required = true)]
    pub password_stdin: bool,
}

/// Add, change and list the people of the company.
#[derive(Debug, Subcommand)]
pub enum User {
    /// Add a user; by default only the role Agent may receive leads
    Add(UserAdd),
    /// Change a user: what is not named stays
    Edit(UserEdit),
    /// Set a user's password; they are signed out everywhere
    Password(UserPassword),
    /// List the users with what they hold
    #[command(after_help = "Example:\n  evenhand user list --json")]
    List(Json),
}

/// Add a user.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  evenhand user add --name 'Asha Rao' --email asha@acme.example --role Agent --cap 50 --branch Pune")]
pub struct UserAdd {
    /// Their name
    #[arg(long, value_name = "N")]
    pub name: String,
    /// Their e-mail
    #[arg(long, value_name = "E")]
    pub email: String,
    /// Their role: Company Admin, Manager or Agent
    #[arg(long, value_name = "ROLE")]
    pub role: String,
    /// The most open leads they may hold; without it there is no limit, 0 gives nothing automatically
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(i64).range(0..=actions::add_user::CAP_MAX))]
    pub cap: Option<i64>,
    /// Their branch; made if it is new
    #[arg(long, value_name = "B")]
    pub branch: Option<String>,
    /// Their department; made if it is new
    #[arg(long, value_name = "D")]
    pub department: Option<String>,
    /// Read their password from the first line of standard input; without one they cannot sign in yet
    #[arg(long)]
    pub password_stdin: bool,
}

/// Change a user: what is not named stays.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  evenhand user edit asha@acme.example --cap 40 --branch Goa
  evenhand user edit asha@acme.example --cap none --no-department
  evenhand user edit asha@acme.example --ban

A banned user is signed out everywhere, receives nothing and keeps their leads.
A company always keeps one active admin.")]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct UserEdit {
    /// The e-mail of the user to change
    #[arg(value_name = "EMAIL")]
    pub who: String,
    /// Their new name
    #[arg(long, value_name = "N")]
    pub name: Option<String>,
    /// Their new e-mail
    #[arg(long, value_name = "E")]
    pub email: Option<String>,
    /// Their new role: Company Admin, Manager or Agent
    #[arg(long, value_name = "ROLE")]
    pub role: Option<String>,
    /// The most open leads they may hold; none for no limit, 0 gives nothing automatically
    #[arg(long, value_name = "N|none", allow_negative_numbers = true, value_parser = cap)]
    pub cap: Option<CapOrNone>,
    /// Their new branch; made if it is new
    #[arg(long, value_name = "B", conflicts_with = "no_branch")]
    pub branch: Option<String>,
    /// Take them out of their branch
    #[arg(long)]
    pub no_branch: bool,
    /// Their new department; made if it is new
    #[arg(long, value_name = "D", conflicts_with = "no_department")]
    pub department: Option<String>,
    /// Take them out of their department
    #[arg(long)]
    pub no_department: bool,
    /// Ban them
    #[arg(long, conflicts_with = "unban")]
    pub ban: bool,
    /// Lift the ban
    #[arg(long)]
    pub unban: bool,
}

/// A lead cap, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CapOrNone(pub Option<i64>);

fn cap(text: &str) -> Result<CapOrNone, String> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(CapOrNone(None));
    }
    let most = actions::add_user::CAP_MAX;
    match text.parse() {
        Ok(cap) if (0..=most).contains(&cap) => Ok(CapOrNone(Some(cap))),
        _ => Err(format!("a lead cap is a number from 0 to {most}, or none")),
    }
}

/// Set a user's password.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  echo 'correct horse battery' | evenhand user password asha@acme.example --password-stdin")]
pub struct UserPassword {
    /// The e-mail of the user
    #[arg(value_name = "EMAIL")]
    pub who: String,
    /// Read the password from the first line of standard input
    #[arg(long, required = true)]
    pub password_stdin: bool,
}

/// Print JSON instead of text.
#[derive(Debug, Clone, Copy, Args)]
pub struct Json {
    /// Print JSON instead of text
    #[arg(long)]
    pub json: bool,
}

/// Bring in a list of leads.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  evenhand import leads.csv --source 'Expo 2026'

Columns are found by their names in any case and order: First Name and Phone are required; Last Name, E-mail,
Status, Tags, Branch, Department, Country and Source are known; all others are kept as details of the lead.
A number that is known already is skipped; a bad row is reported and does not stop the others.")]
pub struct Import {
    /// The CSV file; - for standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The country of numbers without a calling code, instead of the company's
    #[arg(long, value_name = "CC")]
    pub country: Option<String>,
    /// The source of leads whose row names none
    #[arg(long, value_name = "S")]
    pub source: Option<String>,
    /// The branch of leads whose row names none; made if it is new
    #[arg(long, value_name = "B")]
    pub branch: Option<String>,
    /// The department of leads whose row names none; made if it is new
    #[arg(long, value_name = "D")]
    pub department: Option<String>,
    /// Drop the columns that map to nothing
    #[arg(long)]
    pub no_details: bool,
    /// The largest file, in bytes
    #[arg(long, env = "EVENHAND_IMPORT_BYTES_MAX", value_name = "BYTES", default_value_t = 1 << 30)]
    pub bytes_max: u64,
    #[command(flatten)]
    pub output: Json,
}

/// List and change the statuses of leads.
#[derive(Debug, Subcommand)]
pub enum Status {
    /// List the statuses in their order, with the leads in each
    #[command(after_help = "Example:\n  evenhand status list --json")]
    List(Json),
    /// Add a status
    Add(StatusAdd),
    /// Change a status: what is not named stays
    Edit(StatusEdit),
    /// Delete a status; what uses it gets a replacement
    Delete(StatusDelete),
}

/// What a status says about the work on a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KindOfStatus {
    /// Still work: counts as held by the owner
    Open,
    /// Finished without a sale
    Closed,
    /// A customer
    Won,
}

/// Add a status.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  evenhand status add 'Site visit' --kind open --position 5")]
pub struct StatusAdd {
    /// Its name; no other may have it, in any case
    #[arg(value_name = "NAME")]
    pub name: String,
    /// What it says about the work on a lead
    #[arg(long, value_name = "KIND")]
    pub kind: KindOfStatus,
    /// Its place in the order of all lists, counted from 1; the last without it
    #[arg(long, value_name = "N")]
    pub position: Option<usize>,
}

/// Change a status: what is not named stays.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  evenhand status edit Busy --name 'Call later' --position 3
  evenhand status edit Interested --given-on-assignment

Unassigned, Followups and Customer are protected: they can be moved, and nothing else. A change of the kind, or of
what assignment gives, is refused while a run is in progress.")]
pub struct StatusEdit {
    /// The status to change
    #[arg(value_name = "NAME")]
    pub status: String,
    /// Its new name
    #[arg(long, value_name = "N")]
    pub name: Option<String>,
    /// What it says about the work on a lead
    #[arg(long, value_name = "KIND")]
    pub kind: Option<KindOfStatus>,
    /// Its place in the order of all lists, counted from 1
    #[arg(long, value_name = "N")]
    pub position: Option<usize>,
    /// Give it to leads when they are assigned, instead of the status that is given now
    #[arg(long)]
    pub given_on_assignment: bool,
}

/// Delete a status.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  evenhand status delete Busy --replacement 'Not Picked'

Its leads go to the replacement, the automatic jobs take leads from there if they may, and what is given on assignment
is the replacement too. With Unassigned as the replacement the leads lose their owners. Timelines keep the name.")]
pub struct StatusDelete {
    /// The status to delete
    #[arg(value_name = "NAME")]
    pub status: String,
    /// What replaces it; needed where something uses it
    #[arg(long, value_name = "NAME")]
    pub replacement: Option<String>,
}

/// Show and change the settings of the automatic jobs.
#[derive(Debug, Subcommand)]
pub enum Settings {
    /// Auto lead assignment; without a change it shows the settings and the last run
    AutoAssignment(AutoAssignment),
    /// Daily lead top-up; without a change it shows the settings and the last run
    TopUp(TopUp),
    /// Auto-removal of stale leads; without a change it shows the settings and the last run
    Removal(Removal),
}

/// What every job has.
#[derive(Debug, Args)]
pub struct Timed {
    /// Let the schedule of `evenhand serve` run it every day
    #[arg(long, conflicts_with = "disable")]
    pub enable: bool,
    /// Take it off the schedule
    #[arg(long)]
    pub disable: bool,
    /// The statuses whose leads it takes, separated by commas; a name with a comma in it is put into double quotes
    #[arg(long, value_name = "A,B")]
    pub statuses: Option<String>,
    /// When, company time
    #[arg(long, value_name = "HH:MM")]
    pub at: Option<String>,
    #[command(flatten)]
    pub output: Json,
}

/// Auto lead assignment.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  evenhand settings auto-assignment --enable --statuses 'Unassigned,Not Picked,Missed' --at 09:00")]
pub struct AutoAssignment {
    #[command(flatten)]
    pub timed: Timed,
    /// What "evenly" means
    #[arg(long, value_enum)]
    pub strategy: Option<Strategy>,
    /// When room is short: the newest leads first, or the oldest
    #[arg(long, value_enum)]
    pub first: Option<First>,
    /// Hours after an attempt before an owned lead is dealt again
    #[arg(long, value_name = "HOURS")]
    pub rest_hours: Option<i64>,
    /// Assign a lead that comes in at once, by the same rules
    #[arg(long, value_name = "on|off")]
    pub instant: Option<OnOff>,
}

/// Daily lead top-up.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  evenhand settings top-up --enable --at 13:00

Fills everybody's queue towards the lead cap with leads that nobody owns and nobody has called.")]
pub struct TopUp {
    #[command(flatten)]
    pub timed: Timed,
    /// When room is short: the newest leads first, or the oldest
    #[arg(long, value_enum)]
    pub first: Option<First>,
}

/// Auto-removal of stale leads.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  evenhand settings removal --statuses 'Assigned,Not Picked' --days 30
  evenhand run removal --preview
  evenhand settings removal --enable

Returns leads without a call, note, follow-up or assignment for so many days to Unassigned.")]
pub struct Removal {
    #[command(flatten)]
    pub timed: Timed,
    /// Days without work after which a lead is stale
    #[arg(long, value_name = "DAYS")]
    pub days: Option<i64>,
}

/// Which leads first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum First {
    /// The newest
    Newest,
    /// The oldest
    Oldest,
}

/// A switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnOff {
    /// On
    On,
    /// Off
    Off,
}

/// What "evenly" means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Strategy {
    /// The same number of new leads for everybody
    EqualShares,
    /// Queues that are as long as each other afterwards
    LevelQueues,
}

/// Run a job now.
#[derive(Debug, Subcommand)]
pub enum Run {
    /// Deal the leads out on the saved settings
    #[command(after_help = "Example:
  evenhand run assignment --preview
  evenhand run assignment")]
    Assignment(RunJob),
    /// Fill the queues towards their caps with fresh leads
    #[command(after_help = "Example:\n  evenhand run top-up --preview")]
    TopUp(RunJob),
    /// Return stale leads to Unassigned
    #[command(after_help = "Example:\n  evenhand run removal --preview")]
    Removal(RunJob),
}

/// How a job runs now.
#[derive(Debug, Args)]
pub struct RunJob {
    /// Show what a run would do now, and do nothing
    #[arg(long)]
    pub preview: bool,
    #[command(flatten)]
    pub output: Json,
}

/// List leads.
#[derive(Debug, Subcommand)]
pub enum Leads {
    /// List the leads, newest first
    List(LeadsList),
}

/// List the leads.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  evenhand leads list --status Assigned --owner asha@acme.example --json")]
pub struct LeadsList {
    /// Only leads in this status
    #[arg(long, value_name = "S")]
    pub status: Option<String>,
    /// Only leads of the user with this e-mail
    #[arg(long, value_name = "EMAIL")]
    pub owner: Option<String>,
    #[command(flatten)]
    pub output: Json,
}

/// Show one lead.
#[derive(Debug, Subcommand)]
pub enum Lead {
    /// The lead with its timeline
    Show(LeadShow),
}

/// The lead with its timeline.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  evenhand lead show 17")]
pub struct LeadShow {
    /// Its number
    #[arg(value_name = "ID")]
    pub id: i64,
    #[command(flatten)]
    pub output: Json,
}

/// Say why a lead is whose it is.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  evenhand explain 17
  evenhand explain 17 --run 4 --json

Without a run it tells what decided last: the latest run that considered the lead, or the person who chose its owner
after it. For everybody who receives leads it says what spoke for or against them.")]
pub struct Explain {
    /// The number of the lead
    #[arg(value_name = "LEAD")]
    pub lead: i64,
    /// What this run did with it
    #[arg(long, value_name = "RUN")]
    pub run: Option<i64>,
    #[command(flatten)]
    pub output: Json,
}

/// Write a consistent copy of everything into one file.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  evenhand backup /backups/evenhand-$(date +%F).db

The file is an embedded database, also when the rows are in PostgreSQL. To use it, put it into an empty folder
as evenhand.db and name the folder with --data.")]
pub struct Backup {
    /// The file to write; it must not exist
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// Recount the counters.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  evenhand doctor\n  evenhand doctor --mend")]
pub struct Doctor {
    /// Set the counters to what the recount says
    #[arg(long)]
    pub mend: bool,
    #[command(flatten)]
    pub output: Json,
}

/// Serve the pages.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  evenhand serve --listen 127.0.0.1:8080

Where there is no database yet it is made, and the first page asks for a token that is printed at the start. Put a
proxy that speaks https in front of it where people come in through a network, and add --https.")]
pub struct Serve {
    /// The address to listen on
    #[arg(long, env = "EVENHAND_LISTEN", value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Browsers come in by https, through a proxy in front: cookies are for https only
    #[arg(long, env = "EVENHAND_HTTPS")]
    pub https: bool,
    /// The largest file that can be imported, in bytes
    #[arg(long, env = "EVENHAND_IMPORT_BYTES_MAX", value_name = "BYTES", default_value_t = 1 << 30)]
    pub bytes_max: u64,
}

/// Fill a fresh database with a believable company and serve it.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  evenhand demo\n  evenhand demo --no-serve && evenhand user list --data ./evenhand-demo"
)]
pub struct Demo {
    /// The folder to make the company in; one with a database in it is left alone
    // The same flag as everywhere, with another default: a demo has nothing to do with the real company.
    #[arg(long, env = "EVENHAND_DATA", value_name = "DIR", default_value = "./evenhand-demo")]
    pub data: PathBuf,
    /// The address to listen on
    #[arg(long, env = "EVENHAND_LISTEN", value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Only fill the database and show a run
    #[arg(long)]
    pub no_serve: bool,
}

/// Solve an instance of the allotment problem.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  echo '{\"agents\": [{\"id\": 1, \"room\": 10}, {\"id\": 2, \"room\": null}],
         \"classes\": [{\"id\": 7, \"eligible\": [1, 2], \"leads\": [{\"id\": 100}, {\"id\": 101}]}]}' | evenhand plan")]
pub struct Plan {
    /// The instance as JSON; standard input without it
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// Measure this machine.
#[derive(Debug, Subcommand)]
pub enum Bench {
    /// How long the engine takes for the four shapes of docs/performance.md
    Engine(BenchEngine),
    /// How even the engine deals, beside what dealing one lead at a time does
    #[command(after_help = "Example:\n  evenhand bench fairness")]
    Fairness(Json),
}

/// How long the engine takes.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  evenhand bench engine --json")]
pub struct BenchEngine {
    /// Only this shape, measured in this very process
    #[arg(long, hide = true)]
    pub shape: Option<usize>,
    #[command(flatten)]
    pub output: Json,
}
