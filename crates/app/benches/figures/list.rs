//! A page of 50 leads, newest first, in a company with many leads and in one with few.

use crate::{
    data::{self, Size},
    place::Bench,
    table::Table,
};
use anyhow::{Result, ensure};
use domain::{
    ids::{LeadId, UserId},
    lead_list::{Cursor, Filter, Owner, Place, Sort},
    viewer::Sight,
};
use std::time::Instant;
use store::{dialect::Engine, lists, users};

const ROWS: i64 = 50;
const CALLS: usize = 2_000;
pub const MANY: Size = Size { leads: 1_000_000, unassigned: 200_000, agents: 1_000, cap: 1_200 };
const FEW: Size = Size { leads: 10_000, unassigned: 2_000, agents: 10, cap: 1_200 };

/// Every shape on both sizes.
pub async fn measure(bench: &Bench, engine: Engine, table: &mut Table) -> Result<()> {
    for (size, of) in [(MANY, "1,000,000"), (FEW, "10,000")] {
        let place = data::build(bench, engine, "list", size).await?;
        let store = place.open().await?;
        let known = data::known(&store).await?;
        let company = known.company.id;
        let members = users::members(store.read().await?.session(), company).await?;
        let owners: Vec<UserId> =
            members.iter().filter(|member| member.is_receiver()).map(|member| member.id).collect();
        let branch = members.iter().find_map(|member| member.branch);
        let labels = Sight::Labels { branch, department: None };
        let leads = size.leads as i64;
        let mut numbers = (1_i64..).map(|n| n * 7_368_787 % 999_983);
        for (what, shape) in [
            ("newest first", 0),
            ("by status", 1),
            ("by owner", 2),
            ("a deep page", 3),
            ("what a branch sees", 4),
        ] {
            let mut times = Vec::with_capacity(CALLS);
            for call in 0..CALLS + 100 {
                let n = numbers.next().unwrap_or_default();
                let mut filter = Filter::default();
                let (mut sight, mut behind) = (Sight::All, None);
                match shape {
                    1 => filter.status = Some(if call % 2 == 0 { known.assigned } else { known.unassigned }),
                    2 => filter.owner = Some(Owner::User(owners[n as usize % owners.len()])),
                    3 => {
                        let lead = LeadId(ROWS + n % (leads - ROWS));
                        behind = Some(Cursor { sort: Sort::Newest, place: Place::Id, lead });
                    }
                    4 => sight = labels,
                    _ => {}
                }
                let started = Instant::now();
                let mut reader = store.read().await?;
                let page = lists::page(
                    reader.session(),
                    company,
                    &filter,
                    Sort::Newest,
                    sight,
                    behind.as_ref(),
                    ROWS,
                );
                let page = page.await?.lines;
                drop(reader);
                if call >= 100 {
                    times.push(started.elapsed());
                }
                ensure!(page.len() as i64 >= ROWS - 1, "{what}: a full page, not {}", page.len());
            }
            times.sort_unstable();
            let (median, late) = (times[CALLS / 2], times[CALLS * 99 / 100]);
            let claim = (engine == Engine::Sqlite && shape < 4)
                .then(|| ("≤ 0.5 ms".into(), median.as_secs_f64() <= 0.0005));
            let told =
                format!("{:.3} ms (99 % within {:.3})", median.as_secs_f64() * 1e3, late.as_secs_f64() * 1e3);
            table.alone(&format!("50 of {of} leads, {what}"), engine, told, claim);
        }
    }
    Ok(())
}
