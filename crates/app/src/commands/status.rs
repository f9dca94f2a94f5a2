//! `evenhand status list`, `add`, `edit` and `delete`

use crate::{
    cli::{KindOfStatus, Place, Status, StatusAdd, StatusDelete, StatusEdit},
    clock,
    output::{self, callers_fault, say},
};
use actions::{
    delete_status::{DeleteStatus, Deleted, StatusDeleted, delete_status},
    edit_statuses::{Editor, NewStatus, StatusSaved, add_status, edit_status},
};
use domain::{
    ids::{CompanyId, StatusId},
    job::Job,
    sentence::count,
    status::{StatusKind, StatusMark, Statuses},
    status_edit,
    viewer::Viewer,
};
use std::{collections::BTreeMap, io::Write};
use store::{Store, statuses};

pub async fn status(place: &Place, command: Status) -> anyhow::Result<()> {
    match command {
        Status::List(args) => list(place, args.json).await,
        Status::Add(args) => add(place, args).await,
        Status::Edit(args) => edit(place, args).await,
        Status::Delete(args) => delete(place, args).await,
    }
}

#[derive(serde::Serialize)]
struct Line {
    id: i64,
    position: usize,
    name: String,
    kind: StatusKind,
    mark: Option<StatusMark>,
    leads: i64,
}

async fn list(place: &Place, json: bool) -> anyhow::Result<()> {
    let (store, company) = place.open_company().await?;
    let mut reader = store.snapshot().await?;
    let known = statuses::list(reader.session(), company.id).await?;
    let leads: BTreeMap<StatusId, i64> =
        statuses::counts(reader.session(), company.id).await?.into_iter().collect();
    drop(reader);
    let lines: Vec<Line> = (1..)
        .zip(known.iter())
        .map(|(position, status)| Line {
            id: status.id.0,
            position,
            name: status.name.clone(),
            kind: status.kind,
            mark: status.mark,
            leads: leads.get(&status.id).copied().unwrap_or(0),
        })
        .collect();
    if json {
        return output::json(&lines);
    }
    let rows: Vec<Vec<String>> = lines
        .into_iter()
        .map(|line| {
            let remark = match line.mark {
                Some(StatusMark::Assigned) => "given on assignment",
                Some(_) => "protected",
                None => "",
            };
            vec![
                line.position.to_string(),
                line.name,
                line.kind.word().into(),
                line.leads.to_string(),
                remark.into(),
            ]
        })
        .collect();
    let mut out = output::stdout();
    output::table(&mut out, &["#", "name", "kind", "leads", ""], &rows)?;
    out.flush()?;
    Ok(())
}

async fn add(place: &Place, args: StatusAdd) -> anyhow::Result<()> {
    let (store, company) = place.open_company().await?;
    let new = NewStatus { name: args.name, kind: kind(args.kind), position: args.position };
    saved(&store, company.id, add_status(&store, company.id, new, operator()).await?).await
}

async fn edit(place: &Place, args: StatusEdit) -> anyhow::Result<()> {
    let edit = status_edit::StatusEdit {
        name: args.name,
        kind: args.kind.map(kind),
        position: args.position,
        given_on_assignment: args.given_on_assignment,
    };
    if edit == status_edit::StatusEdit::default() {
        return Err(callers_fault("nothing is to be changed; see evenhand status edit --help"));
    }
    let (store, company) = place.open_company().await?;
    let status = find(&known(&store, company.id).await?, &args.status)?;
    saved(&store, company.id, edit_status(&store, company.id, status, edit, operator()).await?).await
}

async fn delete(place: &Place, args: StatusDelete) -> anyhow::Result<()> {
    let (store, company) = place.open_company().await?;
    let known = known(&store, company.id).await?;
    let status = find(&known, &args.status)?;
    let replacement = args.replacement.map(|name| find(&known, &name)).transpose()?;
    let order = DeleteStatus { status, replacement, editor: operator() };
    match delete_status(&store, company.id, order).await? {
        StatusDeleted::Done(deleted) => {
            let heir = replacement.and_then(|id| known.get(id)).map(|heir| heir.name.as_str());
            say(&told(&deleted, heir));
            Ok(())
        }
        StatusDeleted::Refused(why) => Err(callers_fault(why)),
    }
}

/// `Busy is deleted; 12 leads are in Missed now. Auto lead assignment takes leads from Missed instead.`
fn told(deleted: &Deleted, heir: Option<&str>) -> String {
    let mut text = format!("{} is deleted", deleted.name);
    let titles = |jobs: &[Job]| jobs.iter().map(|job| job.title()).collect::<Vec<_>>().join(", ");
    let verb = |number: usize| if number == 1 { "takes" } else { "take" };
    if let (Some(heir), 1..) = (heir, deleted.moved) {
        let are = if deleted.moved == 1 { "is" } else { "are" };
        text.push_str(&format!("; {} {are} in {heir} now", count(deleted.moved, "lead", "leads")));
    }
    text.push('.');
    if let (Some(heir), [_, ..]) = (heir, &deleted.replaced_in[..]) {
        let jobs = &deleted.replaced_in;
        text.push_str(&format!(" {} {} leads from {heir} instead.", titles(jobs), verb(jobs.len())));
    }
    if let jobs @ [_, ..] = &deleted.taken_off[..] {
        text.push_str(&format!(" {} {} one status less.", titles(jobs), verb(jobs.len())));
    }
    text
}

async fn known(store: &Store, company: CompanyId) -> anyhow::Result<Statuses> {
    Ok(statuses::list(store.read().await?.session(), company).await?)
}

fn find(known: &Statuses, name: &str) -> anyhow::Result<StatusId> {
    known.named(&domain::text::clean(name)).map(|status| status.id).ok_or_else(|| {
        callers_fault(format!("there is no status {name:?}; the statuses are {}", known.names()))
    })
}

async fn saved(store: &Store, company: CompanyId, saved: StatusSaved) -> anyhow::Result<()> {
    match saved {
        StatusSaved::Done(status) => {
            let known = known(store, company).await?;
            let position = known.iter().take_while(|other| other.id != status.id).count() + 1;
            let given = if status.mark == Some(StatusMark::Assigned) { ", given on assignment" } else { "" };
            say(&format!("{} is number {position}, {}{given}.", status.name, status.kind.word()));
            Ok(())
        }
        StatusSaved::Refused(why) => Err(callers_fault(why)),
    }
}

/// Whoever has the command line may do everything.
fn operator() -> Editor {
    Editor { viewer: Viewer::Operator, may_convert: true, now: clock::now() }
}

fn kind(kind: KindOfStatus) -> StatusKind {
    match kind {
        KindOfStatus::Open => StatusKind::Open,
        KindOfStatus::Closed => StatusKind::Closed,
        KindOfStatus::Won => StatusKind::Won,
    }
}
