//! What may be changed about a company's statuses, and why not (R3–R6, R25).

use crate::{
    ids::StatusId,
    job::{Job, JobSettings},
    status::{Status, StatusKind, StatusMark, Statuses},
    text::{clean, fold},
};

/// The longest name of a status, in characters.
pub const NAME_CHARS_MAX: usize = 60;
/// The most statuses that a company has: they stand in one row of chips.
pub const STATUSES_MAX: usize = 50;

/// A change to one status; what is not named stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatusEdit {
    /// Its name.
    pub name: Option<String>,
    /// Its kind.
    pub kind: Option<StatusKind>,
    /// Its place in the company's order, counted from 1; beyond the last it is the last.
    pub position: Option<usize>,
    /// Whether it takes the mark "given on assignment" (R5) from the status that has it.
    pub given_on_assignment: bool,
}

/// Why the statuses stay as they are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatusRefused {
    /// A name of nothing, or of spaces.
    #[error("a status needs a name")]
    NoName,
    /// A name that no list could show.
    #[error("the name has {0} characters; at most {NAME_CHARS_MAX} are kept, so please shorten it")]
    NameTooLong(usize),
    /// A name that is there, in any case.
    #[error("there is a status {0:?} already; two names have to differ in more than their case")]
    NameTaken(String),
    /// There are as many as a company can have.
    #[error("a company has at most {STATUSES_MAX} statuses; delete one that is no longer used")]
    TooMany,
    /// Places are counted from 1.
    #[error("positions are counted from 1")]
    NoPosition,
    /// There is none; somebody may have deleted it.
    #[error("there is no such status any more; the statuses are {known}")]
    NotFound {
        /// What there is.
        known: String,
    },
    /// R4.
    #[error(
        "{0} is protected: the product itself works with it, so its name and kind stay and it is not deleted"
    )]
    Protected(String),
    /// R5: what is given on assignment is work.
    #[error("{0} is given on assignment, so it stays open; give the mark to another status first")]
    MarkStaysOpen(String),
    /// R5.
    #[error("{0} cannot be given on assignment: only an open status can")]
    MarkNotOpen(String),
    /// R5: Unassigned has no owner, and Followups says that a call is arranged.
    #[error("{0} cannot be given on assignment: the product gives it a meaning of its own")]
    MarkNotFree(String),
    /// R6: something uses it.
    #[error("{used} {status}; name a replacement")]
    InUse {
        /// Its name.
        status: String,
        /// By what: `12 leads and Auto lead assignment use`.
        used: String,
    },
    /// A replacement is another status.
    #[error("{0} cannot replace itself; name another status")]
    ReplacesItself(String),
    /// R12, R51: its leads would become customers, or cease to be.
    #[error("leads would become customers or cease to be customers by it; your role may not convert leads")]
    MayNotConvert,
    /// R25: a job that is switched on takes leads from somewhere.
    #[error(
        "{} is switched on and would have no status left to take leads from; choose another one for it first, or switch it off",
        .0.title()
    )]
    JobWithoutStatus(Job),
    /// R41: a run has looked at the leads already.
    #[error("a run of this company is in progress; change the statuses when it is done")]
    RunInProgress,
    /// Somebody kept putting leads into it.
    #[error(
        "leads are being put into {0} at this moment (an import may be going on), so it is still there; nothing was changed, try again when that is done"
    )]
    InUseNow(String),
}

/// A name as it is kept: one tidy line, not empty, not too long.
pub fn status_name(typed: &str) -> Result<String, StatusRefused> {
    let name = clean(typed);
    match name.chars().count() {
        0 => Err(StatusRefused::NoName),
        chars if chars > NAME_CHARS_MAX => Err(StatusRefused::NameTooLong(chars)),
        _ => Ok(name.into_owned()),
    }
}

/// The statuses with a new one among them.
pub fn with_new(
    known: &Statuses,
    id: StatusId,
    typed: &str,
    kind: StatusKind,
    position: Option<usize>,
) -> Result<Statuses, StatusRefused> {
    let mut list: Vec<Status> = known.iter().cloned().collect();
    if list.len() >= STATUSES_MAX {
        return Err(StatusRefused::TooMany);
    }
    let name = free_name(known, typed, None)?;
    let place = position.map_or(Ok(list.len()), |position| place(position, list.len()))?;
    list.insert(place, Status { id, name, kind, mark: None });
    Ok(Statuses::new(list).expect("no mark was taken away"))
}

/// The statuses after an edit of one of them.
pub fn edited(known: &Statuses, id: StatusId, edit: &StatusEdit) -> Result<Statuses, StatusRefused> {
    let mut list: Vec<Status> = known.iter().cloned().collect();
    let Some(mut at) = list.iter().position(|status| status.id == id) else {
        return Err(not_found(known));
    };
    if let Some(typed) = &edit.name {
        let name = free_name(known, typed, Some(id))?;
        if name != list[at].name && is_protected(&list[at]) {
            return Err(StatusRefused::Protected(list[at].name.clone()));
        }
        list[at].name = name;
    }
    if let Some(kind) = edit.kind.filter(|kind| *kind != list[at].kind) {
        if is_protected(&list[at]) {
            return Err(StatusRefused::Protected(list[at].name.clone()));
        }
        if list[at].mark == Some(StatusMark::Assigned) {
            return Err(StatusRefused::MarkStaysOpen(list[at].name.clone()));
        }
        list[at].kind = kind;
    }
    if edit.given_on_assignment {
        may_be_given(&list[at])?;
        for status in &mut list {
            status.mark = status.mark.filter(|mark| *mark != StatusMark::Assigned);
        }
        list[at].mark = Some(StatusMark::Assigned);
    }
    if let Some(position) = edit.position {
        let status = list.remove(at);
        at = place(position, list.len())?;
        list.insert(at, status);
    }
    Ok(Statuses::new(list).expect("marks moved, and none was lost"))
}

/// The statuses without one of them (R6). Its mark goes to the replacement, which then has to be able to carry it.
pub fn without(
    known: &Statuses,
    id: StatusId,
    replacement: Option<StatusId>,
) -> Result<Statuses, StatusRefused> {
    let gone = known.get(id).ok_or_else(|| not_found(known))?;
    if is_protected(gone) {
        return Err(StatusRefused::Protected(gone.name.clone()));
    }
    if replacement == Some(id) {
        return Err(StatusRefused::ReplacesItself(gone.name.clone()));
    }
    let carries_mark = gone.mark == Some(StatusMark::Assigned);
    let mut list: Vec<Status> = known.iter().filter(|status| status.id != id).cloned().collect();
    if let Some(replacement) = replacement {
        let Some(heir) = list.iter_mut().find(|status| status.id == replacement) else {
            return Err(not_found(known));
        };
        if carries_mark {
            may_be_given(heir)?;
            heir.mark = Some(StatusMark::Assigned);
        }
    }
    // Without an heir for the mark something uses it still.
    Statuses::new(list).ok_or_else(|| in_use(&gone.name, 0, &[], carries_mark))
}

/// What uses a status that was to be deleted without a replacement (R6).
pub fn in_use(status: &str, leads: u64, jobs: &[Job], is_given_on_assignment: bool) -> StatusRefused {
    let mut users: Vec<String> = Vec::new();
    if leads > 0 {
        users.push(crate::sentence::count(leads, "lead", "leads"));
    }
    users.extend(jobs.iter().map(|job| job.title().to_owned()));
    if is_given_on_assignment {
        users.push("every assignment".into());
    }
    let is_one = users.len() == 1 && leads <= 1;
    let named = match users.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => "something".into(),
    };
    let verb = if is_one { "uses" } else { "use" };
    StatusRefused::InUse { status: status.into(), used: format!("{named} {verb}") }
}

/// R25: whether a job that is switched on keeps a status to take leads from. One that had none before is no reason.
pub fn keeps_a_status(
    before: (&JobSettings, &Statuses),
    after: (&JobSettings, &Statuses),
) -> Result<(), StatusRefused> {
    let had_some = !before.0.eligible(before.1).is_empty();
    let has_none = after.0.eligible(after.1).is_empty();
    if after.0.enabled && had_some && has_none {
        return Err(StatusRefused::JobWithoutStatus(after.0.job));
    }
    Ok(())
}

/// R4.
fn is_protected(status: &Status) -> bool {
    status.mark.is_some_and(|mark| mark != StatusMark::Assigned)
}

/// R5.
fn may_be_given(status: &Status) -> Result<(), StatusRefused> {
    match (status.kind, status.mark) {
        (StatusKind::Open, None | Some(StatusMark::Assigned)) => Ok(()),
        (StatusKind::Open, Some(_)) => Err(StatusRefused::MarkNotFree(status.name.clone())),
        _ => Err(StatusRefused::MarkNotOpen(status.name.clone())),
    }
}

fn free_name(known: &Statuses, typed: &str, own: Option<StatusId>) -> Result<String, StatusRefused> {
    let name = status_name(typed)?;
    let folded = fold(&name);
    match known.iter().find(|status| Some(status.id) != own && fold(&status.name) == folded) {
        Some(taken) => Err(StatusRefused::NameTaken(taken.name.clone())),
        None => Ok(name),
    }
}

/// From a position counted from 1 to an index; beyond the last it is the last.
fn place(position: usize, last: usize) -> Result<usize, StatusRefused> {
    position.checked_sub(1).map(|index| index.min(last)).ok_or(StatusRefused::NoPosition)
}

fn not_found(known: &Statuses) -> StatusRefused {
    StatusRefused::NotFound { known: known.names() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::DEFAULTS;

    fn statuses() -> Statuses {
        let list = (1_i64..)
            .zip(DEFAULTS)
            .map(|(id, (name, kind, mark))| Status { id: id.into(), name: name.into(), kind, mark })
            .collect();
        Statuses::new(list).unwrap()
    }

    fn id(known: &Statuses, name: &str) -> StatusId {
        known.named(name).unwrap().id
    }

    fn refusal(answer: Result<Statuses, StatusRefused>) -> String {
        answer.map_or_else(|why| why.to_string(), |known| known.names())
    }

    #[test]
    fn r1_a_name_is_one_line_and_stands_once() {
        let known = statuses();
        for (typed, says) in [
            ("  Call\tback  ", "Unassigned, Call back, Assigned"),
            (" ", "a status needs a name"),
            ("BUSY", "there is a status \"Busy\" already"),
            (&"x".repeat(61), "the name has 61 characters; at most 60"),
        ] {
            let said = refusal(with_new(&known, StatusId(99), typed, StatusKind::Open, Some(2)));
            assert!(said.starts_with(says), "{typed:?}: {said}");
        }
        let longest = "é".repeat(60);
        let with = with_new(&known, StatusId(99), &longest, StatusKind::Open, None).unwrap();
        assert_eq!(with.iter().last().unwrap().name, longest);
    }

    #[test]
    fn r1_a_status_moves_to_its_place_and_the_others_close_up() {
        let known = statuses();
        for (position, expect) in [
            (1, "Busy, Unassigned, Assigned, Followups"),
            (2, "Unassigned, Busy, Assigned, Followups"),
            (6, "Unassigned, Assigned, Followups, Interested, Not Interested, Busy, Not Picked"),
            (900, "Unassigned, Assigned, Followups, Interested, Not Interested, Not Picked, Missed"),
            (0, "positions are counted from 1"),
        ] {
            let edit = StatusEdit { position: Some(position), ..StatusEdit::default() };
            let said = refusal(edited(&known, id(&known, "Busy"), &edit));
            assert!(said.starts_with(expect), "{position}: {said}");
        }
    }

    #[test]
    fn r2_a_company_has_fifty_statuses_at_most() {
        let mut known = statuses();
        for number in known.iter().count()..STATUSES_MAX {
            let name = format!("Status {number}");
            known = with_new(&known, StatusId(100 + number as i64), &name, StatusKind::Open, None).unwrap();
        }
        let refused = with_new(&known, StatusId(999), "One more", StatusKind::Open, None);
        assert_eq!(refused, Err(StatusRefused::TooMany));
    }

    #[test]
    fn r4_protected_statuses_only_move() {
        let known = statuses();
        for name in ["Unassigned", "Followups", "Customer"] {
            let protected = Err(StatusRefused::Protected(name.into()));
            let rename = StatusEdit { name: Some("Other".into()), ..StatusEdit::default() };
            let kind = StatusEdit { kind: Some(StatusKind::Closed), ..StatusEdit::default() };
            assert_eq!(edited(&known, id(&known, name), &rename), protected);
            assert_eq!(edited(&known, id(&known, name), &kind), protected);
            assert_eq!(without(&known, id(&known, name), Some(id(&known, "Busy"))), protected);
            let first = StatusEdit { position: Some(1), ..StatusEdit::default() };
            assert!(refusal(edited(&known, id(&known, name), &first)).starts_with(name));
        }
    }

    #[test]
    fn r5_the_mark_goes_to_an_open_status_without_a_meaning() {
        let known = statuses();
        let give = StatusEdit { given_on_assignment: true, ..StatusEdit::default() };
        for (name, says) in [
            ("Unassigned", "Unassigned cannot be given on assignment: the product"),
            ("Followups", "Followups cannot be given on assignment: the product"),
            ("Wrong Number", "Wrong Number cannot be given on assignment: only an open"),
            ("Customer", "Customer cannot be given on assignment: only an open"),
            ("Assigned", "Unassigned, Assigned"),
            ("Missed", "Unassigned, Assigned"),
        ] {
            let said = refusal(edited(&known, id(&known, name), &give));
            assert!(said.starts_with(says), "{name}: {said}");
        }
        let after = edited(&known, id(&known, "Missed"), &give).unwrap();
        assert_eq!(after.marked(StatusMark::Assigned).name, "Missed");
        let close = StatusEdit { kind: Some(StatusKind::Closed), ..StatusEdit::default() };
        let stays = Err(StatusRefused::MarkStaysOpen("Missed".into()));
        assert_eq!(edited(&after, id(&after, "Missed"), &close), stays);
        assert!(edited(&after, id(&after, "Assigned"), &close).is_ok());
        // In one go a status is opened and takes the mark.
        let both = StatusEdit { kind: Some(StatusKind::Open), ..give };
        let opened = edited(&known, id(&known, "Wrong Number"), &both).unwrap();
        assert_eq!(opened.marked(StatusMark::Assigned).name, "Wrong Number");
    }

    #[test]
    fn r6_what_uses_a_status_stands_in_a_sentence() {
        for (leads, jobs, mark, says) in [
            (1, &[][..], false, "1 lead uses Busy; name a replacement"),
            (12, &[], false, "12 leads use Busy; name a replacement"),
            (0, &[Job::TopUp], false, "Daily lead top-up uses Busy; name a replacement"),
            (12, &[Job::Assignment], false, "12 leads and Auto lead assignment use Busy; name a replacement"),
            (
                1,
                &[Job::Removal],
                true,
                "1 lead, Auto-removal of stale leads and every assignment use Busy; name a replacement",
            ),
        ] {
            assert_eq!(in_use("Busy", leads, jobs, mark).to_string(), says);
        }
    }

    #[test]
    fn r6_the_mark_passes_to_the_replacement() {
        let known = statuses();
        let assigned = id(&known, "Assigned");
        for (replacement, says) in [
            (None, "every assignment uses Assigned; name"),
            (Some("Assigned"), "Assigned cannot replace itself"),
            (Some("Unassigned"), "Unassigned cannot be given on assignment"),
            (Some("Not Interested"), "Not Interested cannot be given on assignment"),
            (Some("Interested"), "Unassigned, Followups, Interested"),
        ] {
            let replacement = replacement.map(|name| id(&known, name));
            let said = refusal(without(&known, assigned, replacement));
            assert!(said.starts_with(says), "{said}");
        }
        let after = without(&known, assigned, Some(id(&known, "Interested"))).unwrap();
        assert_eq!(after.marked(StatusMark::Assigned).name, "Interested");
        assert_eq!(after.get(assigned), None);
    }

    #[test]
    fn r25_a_job_that_is_switched_on_keeps_a_status() {
        let known = statuses();
        let busy = JobSettings {
            enabled: true,
            statuses: vec![id(&known, "Busy")],
            ..JobSettings::new(Job::Assignment, &known)
        };
        let close = StatusEdit { kind: Some(StatusKind::Closed), ..StatusEdit::default() };
        let after = edited(&known, id(&known, "Busy"), &close).unwrap();
        let refused = Err(StatusRefused::JobWithoutStatus(Job::Assignment));
        assert_eq!(keeps_a_status((&busy, &known), (&busy, &after)), refused);
        let off = JobSettings { enabled: false, ..busy.clone() };
        assert_eq!(keeps_a_status((&off, &known), (&off, &after)), Ok(()));
        let two = JobSettings { statuses: vec![id(&known, "Busy"), id(&known, "Missed")], ..busy.clone() };
        assert_eq!(keeps_a_status((&two, &known), (&two, &after)), Ok(()));
        assert_eq!(keeps_a_status((&busy, &after), (&busy, &after)), Ok(()), "it was so before");
    }
}
