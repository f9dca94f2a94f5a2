//! One file per command.

mod backup;
mod bench;
mod doctor;
mod explain;
mod import;
mod init;
mod lead;
mod leads;
mod plan;
pub mod run;
mod serve;
mod settings;
mod user;

use crate::cli::{Cli, Command};

/// Does what the command line says.
pub async fn dispatch(cli: Cli) -> anyhow::Result<()> {
    let place = cli.place;
    match cli.command {
        Command::Init(args) => init::init(&place, args).await,
        Command::User(args) => user::user(&place, args).await,
        Command::Import(args) => import::import(&place, args).await,
        Command::Settings(args) => settings::settings(&place, args).await,
        Command::Run(args) => run::run(&place, args).await,
        Command::Leads(args) => leads::leads(&place, args).await,
        Command::Lead(args) => lead::lead(&place, args).await,
        Command::Explain(args) => explain::explain(&place, args).await,
        Command::Backup(args) => backup::backup(&place, args).await,
        Command::Doctor(args) => doctor::doctor(&place, args).await,
        Command::Plan(args) => plan::plan(&args),
        Command::Bench(command) => bench::bench(command),
        Command::Serve(args) => serve::serve(&place, args).await,
        Command::Demo(args) => crate::demo::demo(&place, args).await,
    }
}

/// The first line of standard input, as a password.
fn password_from_stdin() -> anyhow::Result<String> {
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::stdin().lock(), &mut line)?;
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    if password.is_empty() {
        return Err(crate::output::callers_fault(
            "no password came on standard input; write it there as the first line",
        ));
    }
    Ok(password)
}
