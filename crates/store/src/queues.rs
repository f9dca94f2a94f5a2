//! Queues: locking them, and adding to what they hold.
//!
//! Everything that changes an owner, or whether a lead is held, takes its locks in one order: the queues involved by
//! user id, then the leads by id, then the status counters. So two changes never wait for each other, and a queue that
//! is locked cannot grow past a cap behind anybody's back (R32).

use crate::{
    boxed,
    error::Result,
    params,
    session::Session,
    sql,
    stage::{Stage, StageType::Int},
    statuses,
    users::read_member,
    value::Value,
};
use domain::{
    ids::{CompanyId, StatusId, UserId},
    pool::Member,
    time::Moment,
};
use std::collections::BTreeMap;

/// Queues that are locked, and what is added to them.
pub static STAGE_QUEUES: Stage = Stage {
    name: "stage_queues",
    columns: &[("user_id", Int), ("delta", Int), ("received", Int)],
    key: "user_id",
};

sql! {
    LOCK = "SELECT u.id, u.name, u.branch_id, u.department_id, u.lead_cap, q.held, q.last_received_at_ms,
            r.receives_leads, CASE WHEN u.banned_at_ms IS NULL THEN 0 ELSE 1 END
        FROM stage_queues s CROSS JOIN queues q CROSS JOIN users u CROSS JOIN roles r
        WHERE q.company_id = $1 AND q.user_id = s.user_id AND u.company_id = $1 AND u.id = s.user_id
            AND r.company_id = $1 AND r.id = u.role_id
        ORDER BY s.user_id /*pg FOR UPDATE OF q FOR SHARE OF u*/";
    LOCK_TWO = "SELECT u.id, u.name, u.branch_id, u.department_id, u.lead_cap, q.held, q.last_received_at_ms,
            r.receives_leads, CASE WHEN u.banned_at_ms IS NULL THEN 0 ELSE 1 END
        FROM queues q
        JOIN users u ON u.company_id = q.company_id AND u.id = q.user_id
        JOIN roles r ON r.company_id = u.company_id AND r.id = u.role_id
        WHERE q.company_id = $1 AND q.user_id IN ($2, $3)
        ORDER BY q.user_id /*pg FOR UPDATE OF q FOR SHARE OF u*/";
    ADD = "UPDATE queues SET held = held + s.delta,
            last_received_at_ms = CASE WHEN s.received = 1 THEN $2 ELSE last_received_at_ms END
        FROM stage_queues s
        WHERE queues.company_id = $1 AND queues.user_id = s.user_id
            /*sqlite AND queues.user_id IN (SELECT user_id FROM stage_queues)*/";
    ADD_TO_ONE = "UPDATE queues SET held = held + $3,
            last_received_at_ms = CASE WHEN $4 = 1 THEN $5 ELSE last_received_at_ms END
        WHERE company_id = $1 AND user_id = $2";
}

/// Locks the queues of these users, in the order of ids, and says how they are.
#[boxed]
pub async fn lock(
    session: &mut Session,
    company: CompanyId,
    mut users: Vec<UserId>,
) -> Result<BTreeMap<UserId, Member>> {
    users.sort_unstable();
    users.dedup();
    if users.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows = users.iter().map(|user| [Value::from(*user), Value::Int(0), Value::Int(0)]);
    session.stage(&STAGE_QUEUES, rows).await?;
    let members = session.rows(&LOCK, params![company], read_member).await?;
    Ok(members.into_iter().map(|member| (member.id, member)).collect())
}

/// The same for one or two, without a stage.
#[boxed]
pub async fn lock_two(
    session: &mut Session,
    company: CompanyId,
    one: UserId,
    other: Option<UserId>,
) -> Result<Vec<Member>> {
    session.rows(&LOCK_TWO, params![company, one, other.unwrap_or(one)], read_member).await
}

/// What a change adds to the queues and to the numbers per status. The queues are locked already.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    queues: BTreeMap<UserId, (i64, bool)>,
    counts: BTreeMap<StatusId, i64>,
}

/// Up to so many queues are written one by one; a stage for them would cost more.
const FEW: usize = 2;

impl Tally {
    /// They hold one more.
    pub(crate) fn holds(&mut self, user: UserId) {
        self.queues.entry(user).or_default().0 += 1;
    }

    /// They hold one less.
    pub(crate) fn lets_go(&mut self, user: UserId) {
        self.queues.entry(user).or_default().0 -= 1;
    }

    /// They hold one more, and it is a lead that they were given: whoever waits longest is asked first the next time.
    pub(crate) fn receives(&mut self, user: UserId) {
        let entry = self.queues.entry(user).or_default();
        *entry = (entry.0 + 1, true);
    }

    /// A lead goes from one status to another, or stays in it.
    pub(crate) fn moves(&mut self, from: StatusId, to: StatusId) {
        *self.counts.entry(from).or_default() -= 1;
        *self.counts.entry(to).or_default() += 1;
    }

    /// A lead is no more.
    pub(crate) fn vanishes(&mut self, from: StatusId) {
        *self.counts.entry(from).or_default() -= 1;
    }

    /// Writes it down. `shard` is anything that differs between writers.
    #[boxed]
    pub(crate) async fn write(
        mut self,
        session: &mut Session,
        company: CompanyId,
        shard: i64,
        at: Moment,
    ) -> Result<()> {
        self.queues.retain(|_, (delta, received)| *delta != 0 || *received);
        if self.queues.len() <= FEW {
            for (user, (delta, received)) in &self.queues {
                session.execute(&ADD_TO_ONE, params![company, *user, *delta, *received, at]).await?;
            }
        } else {
            let rows = self.queues.iter().map(|(user, (delta, received))| {
                [Value::from(*user), Value::Int(*delta), (*received).into()]
            });
            session.stage(&STAGE_QUEUES, rows).await?;
            session.execute(&ADD, params![company, at]).await?;
        }
        let counts: Vec<_> = self.counts.into_iter().collect();
        statuses::add_to_counts(session, company, shard, &counts).await
    }
}
