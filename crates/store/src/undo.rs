//! Putting back what a run changed (R45): owners, statuses and tags of the leads that nobody touched since.
//!
//! Locks are taken in the order of [`queues`](crate::queues). What a lead was before its run stands in its timeline, so that is where
//! it comes from: the owner, since when, and whether a person chose them.

use crate::{
    assign::read_place,
    boxed,
    changes::{Change, Topic},
    error::{Error, Result},
    params,
    queues::Tally,
    session::Session,
    sql,
    stage::{Stage, StageType::Int},
    tags::{self, Way},
    value::Value,
};
use domain::{
    ids::{CompanyId, LeadId, RunId, StatusId, TagId, UserId},
    time::Moment,
    viewer::LeadPlace,
};
use std::collections::HashMap;

/// Leads on their way back.
pub static STAGE_UNDONE: Stage = Stage {
    name: "stage_undone",
    columns: &[
        ("lead_id", Int),
        ("entries", Int),
        ("run_entry", Int),
        ("from_owner_id", Int),
        ("to_owner_id", Int),
        ("owner_changes", Int),
        ("owners_back", Int),
        ("from_status_id", Int),
        ("to_status_id", Int),
        ("owned_since_ms", Int),
        ("owner_chosen_at_ms", Int),
        ("owner_acted_at_ms", Int),
    ],
    key: "lead_id",
};

/// Whether what the entry `x` tells was taken back: its run was undone, and this lead with it.
macro_rules! was_taken_back {
    () => {
        "EXISTS (SELECT 1 FROM lead_events b JOIN runs t ON t.company_id = $1 AND t.id = b.run_id
            WHERE b.company_id = $1 AND b.lead_id = x.lead_id AND b.entry > x.entry AND b.kind = 'undone'
                AND t.undoes_id = x.run_id)"
    };
}

sql! {
    // What happened since, but for what was taken back and the taking back itself.
    DONE = concat!("SELECT e.lead_id, e.entry, e.kind, e.from_owner_id, e.from_status_id, l.entries, l.status_id,
            l.owner_id, l.branch_id, l.department_id, u.branch_id, u.department_id,
            CASE WHEN l.entries > e.entry AND EXISTS (
                SELECT 1 FROM lead_events x
                WHERE x.company_id = $1 AND x.lead_id = e.lead_id AND x.entry > e.entry AND x.kind <> 'undone'
                    AND NOT ", was_taken_back!(), ") THEN 1 ELSE 0 END
        FROM lead_events e /*sqlite INDEXED BY lead_events_run*/
        JOIN leads l ON l.company_id = $1 AND l.id = e.lead_id
        LEFT JOIN users u ON u.company_id = $1 AND u.id = l.owner_id
        WHERE e.company_id = $1 AND e.run_id = $2 ORDER BY e.lead_id");
    LOCK_UNTOUCHED = "SELECT l.id FROM stage_undone s CROSS JOIN leads l
        WHERE l.company_id = $1 AND l.id = s.lead_id AND l.entries = s.entries
        ORDER BY s.lead_id /*pg FOR NO KEY UPDATE OF l*/";
    // Since when the owner-to-be owned it before the run, whether a person chose them, and what they last did to it.
    // What was assigned on arrival has no run and nobody's name, and tells in its detail how the agent was found.
    OWNED_BEFORE = concat!("SELECT s.lead_id, o.at_ms,
            CASE WHEN (o.run_id IS NULL AND (o.actor_id IS NOT NULL OR o.detail IS NULL)) OR r.job = 'by hand' THEN 1 ELSE 0 END,
            (SELECT MAX(a.at_ms) FROM lead_events a WHERE a.company_id = $1 AND a.lead_id = s.lead_id
                AND a.entry > o.entry AND a.entry < s.run_entry AND a.actor_id = s.to_owner_id)
        FROM stage_undone s CROSS JOIN lead_events o
        LEFT JOIN runs r ON r.company_id = $1 AND r.id = o.run_id
        WHERE o.company_id = $1 AND o.lead_id = s.lead_id AND o.entry = (
                SELECT MAX(x.entry) FROM lead_events x WHERE x.company_id = $1 AND x.lead_id = s.lead_id
                    AND x.entry < s.run_entry AND x.kind = 'assigned' AND x.to_owner_id = s.to_owner_id
                    AND NOT ", was_taken_back!(), ")
            AND s.owner_changes = 1 AND s.to_owner_id IS NOT NULL");
    PUT_BACK = "UPDATE leads SET owner_id = s.to_owner_id, status_id = s.to_status_id,
            version = leads.version + 1, entries = leads.entries + 1, last_activity_at_ms = $2,
            owners_before = leads.owners_before - s.owners_back,
            owned_since_ms = CASE WHEN s.owner_changes = 1 THEN s.owned_since_ms ELSE leads.owned_since_ms END,
            owner_chosen_at_ms = CASE WHEN s.owner_changes = 1 THEN s.owner_chosen_at_ms ELSE leads.owner_chosen_at_ms END,
            owner_acted_at_ms = CASE WHEN s.owner_changes = 1 THEN s.owner_acted_at_ms ELSE leads.owner_acted_at_ms END
        FROM stage_undone s
        WHERE leads.company_id = $1 AND leads.id = s.lead_id AND leads.entries = s.entries
            /*sqlite AND leads.id IN (SELECT lead_id FROM stage_undone)*/";
    EVENTS = "INSERT INTO lead_events (company_id, lead_id, entry, at_ms, kind, actor_id, run_id,
            from_owner_id, to_owner_id, from_status_id, to_status_id, detail)
        SELECT $1, s.lead_id, s.entries + 1, $2, 'undone', $3, $4,
            CASE WHEN s.owner_changes = 1 THEN s.from_owner_id END, CASE WHEN s.owner_changes = 1 THEN s.to_owner_id END,
            s.from_status_id, s.to_status_id, $5
        FROM stage_undone s";
}

/// What a run did to a lead, and how the lead is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// Which.
    pub lead: LeadId,
    /// The run's entry in its timeline.
    pub entry: i64,
    /// What the run did: `assigned`, `status`, `tagged` or `untagged`.
    pub kind: String,
    /// The owner who lost it.
    pub from_owner: Option<UserId>,
    /// Its status before.
    pub from_status: Option<StatusId>,
    /// Entries of its timeline now.
    pub entries: i64,
    /// Whether something happened to it since the run that stands: not another run that has been undone in turn.
    pub touched: bool,
    /// Its status now.
    pub status: StatusId,
    /// Whose it is now, and where it belongs.
    pub place: LeadPlace,
}

/// Everything that a run did, in the order of lead ids; not locked.
#[boxed]
pub async fn done(session: &mut Session, company: CompanyId, run: RunId) -> Result<Vec<Done>> {
    session
        .rows(&DONE, params![company, run], |row| {
            Ok(Done {
                lead: row.get(0)?,
                entry: row.get(1)?,
                kind: row.get(2)?,
                from_owner: row.get(3)?,
                from_status: row.get(4)?,
                entries: row.get(5)?,
                status: row.get(6)?,
                place: read_place(row, 7)?,
                touched: row.get::<i64>(12)? > 0,
            })
        })
        .await
}

/// One lead on its way back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Back {
    /// Which.
    pub lead: LeadId,
    /// Entries of its timeline.
    pub entries: i64,
    /// The run's among them.
    pub run_entry: i64,
    /// Its owner now.
    pub from_owner: Option<UserId>,
    /// Its owner from now on.
    pub to_owner: Option<UserId>,
    /// Whether the run counted as a change of owner in the lead's history.
    pub was_given: bool,
    /// Its status now.
    pub from_status: StatusId,
    /// Its status from now on.
    pub to_status: StatusId,
    /// Whether it counts as held now and from now on.
    pub open: (bool, bool),
}

/// Who undoes which run, when, and as which run.
#[derive(Debug, Clone, Copy)]
pub struct Undo {
    /// The run that is undone.
    pub undoes: RunId,
    /// The undo's own record.
    pub run: RunId,
    /// Who; none for the command line.
    pub actor: Option<UserId>,
    /// When.
    pub at: Moment,
    /// The tag that the run put on or took off, and which way it goes now.
    pub tag: Option<(TagId, Way)>,
}

/// Locks the leads and answers those that nobody touched, in the order of ids. The queues are locked already.
#[boxed]
pub async fn untouched(session: &mut Session, company: CompanyId, back: &[Back]) -> Result<Vec<LeadId>> {
    stage(session, back, &HashMap::new()).await?;
    session.rows(&LOCK_UNTOUCHED, params![company], |row| row.get(0)).await
}

/// Since when somebody owned a lead, when a person chose them, and when they last did something to it.
#[derive(Clone, Copy, Default)]
struct Owned {
    since: Option<i64>,
    chosen: Option<i64>,
    acted: Option<i64>,
}

/// Puts back leads that are locked, as are the queues.
#[boxed]
pub async fn put_back(session: &mut Session, company: CompanyId, back: &[Back], undo: &Undo) -> Result<()> {
    let Some(first) = back.first() else { return Ok(()) };
    stage(session, back, &HashMap::new()).await?;
    let mut owned: HashMap<LeadId, Owned> = HashMap::new();
    session
        .each(&OWNED_BEFORE, params![company], |row| {
            let since: i64 = row.get(1)?;
            let chosen = row.get::<bool>(2)?.then_some(since);
            owned.insert(row.get(0)?, Owned { since: Some(since), chosen, acted: row.get(3)? });
            Ok(())
        })
        .await?;
    if !owned.is_empty() {
        stage(session, back, &owned).await?;
    }
    let changed = session.execute(&PUT_BACK, params![company, undo.at]).await?;
    if changed != back.len() as u64 {
        return Err(Error::Sql("leads that were locked could not be put back".into()));
    }
    let undone = undo.undoes.to_string();
    session.execute(&EVENTS, params![company, undo.at, undo.actor, undo.run, &undone]).await?;
    let mut tally = Tally::default();
    for one in back {
        if let (Some(from), true) = (one.from_owner, one.open.0) {
            tally.lets_go(from);
        }
        if let (Some(to), true) = (one.to_owner, one.open.1) {
            tally.holds(to);
        }
        tally.moves(one.from_status, one.to_status);
    }
    tally.write(session, company, first.lead.0, undo.at).await?;
    session.tell(
        Change::of(company, Topic::Leads)
            .users(back.iter().flat_map(|one| [one.from_owner, one.to_owner]).flatten())
            .leads(back.iter().map(|one| one.lead)),
    );
    if let Some((tag, way)) = undo.tag {
        tags::turn_back(session, company, back.iter().map(|one| one.lead), tag, way).await?;
    }
    Ok(())
}

async fn stage(session: &mut Session, back: &[Back], owned: &HashMap<LeadId, Owned>) -> Result<()> {
    let rows = back.iter().map(|one| {
        let owned = owned.get(&one.lead).copied().unwrap_or_default();
        [
            Value::from(one.lead),
            Value::Int(one.entries),
            Value::Int(one.run_entry),
            one.from_owner.into(),
            one.to_owner.into(),
            (one.from_owner != one.to_owner).into(),
            one.was_given.into(),
            one.from_status.into(),
            one.to_status.into(),
            owned.since.into(),
            owned.chosen.into(),
            owned.acted.into(),
        ]
    });
    session.stage(&STAGE_UNDONE, rows).await?;
    Ok(())
}
