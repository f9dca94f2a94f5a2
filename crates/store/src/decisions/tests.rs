//! The record of a decision on both engines: chunks at their edges, leads that are not in it, other companies.

use super::{add, chunk, chunks_with_left_over, head, is_kept, runs_below};
use crate::{Result, Session, companies, runs, testing::on_both_engines};
use domain::{
    decision::{Chunk, Considered, Decision, Fate, Head, LEADS_PER_CHUNK, find, unpack},
    ids::{CompanyId, LeadId, RunId},
    job::Job,
    time::Moment,
};

const NOW: Moment = Moment(1_778_470_200_000);

/// Every second number from 10 on; every fifth lead goes to nobody, up to the middle.
fn decision(leads: i64) -> Decision {
    let fate = |n: i64| if n % 5 == 0 && n < leads / 2 { Fate::Nobody } else { Fate::To((n % 7) as u32) };
    let leads = (0..leads)
        .map(|n| Considered { lead: LeadId(10 + 2 * n), label: 0, owner: None, tier: 1, fate: fate(n) })
        .collect();
    Decision {
        head: Head::new("equal-shares".parse().expect("a strategy"), false),
        leads,
        earlier: Vec::new(),
    }
}

async fn company(session: &mut Session, name: &str) -> Result<CompanyId> {
    companies::insert(session, name, "IN", "Asia/Kolkata", NOW).await
}

async fn record(session: &mut Session, company: CompanyId, decision: &Decision) -> Result<RunId> {
    let run =
        runs::start(session, company, Job::Assignment, &runs::Start::by(runs::StartedBy::Schedule), NOW)
            .await?;
    let chunks: Vec<Chunk> = decision.chunks().collect();
    add(session, company, run, "{}", &chunks).await?;
    runs::interrupt(session, company, NOW).await?;
    Ok(run)
}

#[test]
fn r44_a_lead_is_found_in_its_chunk_and_nowhere_else() {
    on_both_engines(|database| async move {
        let leads = 2 * LEADS_PER_CHUNK as i64 + 3;
        let written: Result<()> = database
            .store
            .write(move |session| {
                Box::pin(async move {
                    let (ours, theirs) = (company(session, "Ours").await?, company(session, "Theirs").await?);
                    let decision = decision(leads);
                    let run = record(session, ours, &decision).await?;
                    let edge = LEADS_PER_CHUNK as i64;
                    for n in [0, 1, edge - 1, edge, edge + 1, 2 * edge - 1, 2 * edge, leads - 1] {
                        let lead = LeadId(10 + 2 * n);
                        let found = chunk(session, ours, run, lead).await?.expect("a chunk");
                        let seen = find(found.first, &found.bytes, lead).expect("it can be read");
                        assert_eq!(seen.map(|seen| seen.0), Some(decision.leads[n as usize]), "{n}");
                        // Between two leads, also across the edge of a chunk.
                        let between = LeadId(lead.0 + 1);
                        if let Some(found) = chunk(session, ours, run, between).await? {
                            assert_eq!(find(found.first, &found.bytes, between), Ok(None), "{n}");
                        }
                        assert_eq!(chunk(session, theirs, run, lead).await?, None);
                        assert_eq!(chunk(session, ours, RunId(run.0 + 1), lead).await?, None);
                    }
                    for outside in [0, 9, 10 + 2 * leads, i64::MAX] {
                        assert_eq!(chunk(session, ours, run, LeadId(outside)).await?, None, "{outside}");
                    }
                    assert_eq!(head(session, ours, run).await?.as_deref(), Some("{}"));
                    assert_eq!(head(session, theirs, run).await?, None);
                    assert!(is_kept(session, ours, run).await? && !is_kept(session, theirs, run).await?);
                    Ok(())
                })
            })
            .await;
        written.expect("written and read");
    });
}

#[test]
fn r44_what_nobody_got_is_found_without_the_rest() {
    on_both_engines(|database| async move {
        let written: Result<()> = database
            .store
            .write(|session| {
                Box::pin(async move {
                    let ours = company(session, "Ours").await?;
                    // Three chunks; the last has no lead that nobody got.
                    let decision = decision(3 * LEADS_PER_CHUNK as i64);
                    let run = record(session, ours, &decision).await?;
                    let expect: Vec<LeadId> = decision
                        .leads
                        .iter()
                        .filter(|seen| seen.is_left_over())
                        .map(|seen| seen.lead)
                        .collect();
                    let chunks = chunks_with_left_over(session, ours, run, LeadId(0), 10).await?;
                    assert_eq!(chunks.len(), 2);
                    let mut found = Vec::new();
                    for chunk in &chunks {
                        let before = found.len();
                        for seen in unpack(chunk.first, &chunk.bytes) {
                            let (seen, _) = seen.expect("it can be read");
                            if seen.is_left_over() {
                                found.push(seen.lead);
                            }
                        }
                        assert_eq!(chunk.left_over, (found.len() - before) as i64);
                    }
                    assert_eq!(found, expect);
                    // From behind a lead on; the chunk with that lead in it is looked at again.
                    let behind = chunks_with_left_over(session, ours, run, chunks[1].first, 10).await?;
                    assert_eq!(behind, chunks[1..]);
                    let behind = chunks_with_left_over(session, ours, run, chunks[1].last, 10).await?;
                    assert_eq!(behind, []);
                    Ok(())
                })
            })
            .await;
        written.expect("written and read");
    });
}

#[test]
fn r44_runs_with_a_decision_come_newest_first() {
    on_both_engines(|database| async move {
        let written: Result<()> = database
            .store
            .write(|session| {
                Box::pin(async move {
                    let (ours, theirs) = (company(session, "Ours").await?, company(session, "Theirs").await?);
                    let first = record(session, ours, &decision(0)).await?;
                    record(session, theirs, &decision(1)).await?;
                    // A run that failed before it decided anything.
                    runs::start(
                        session,
                        ours,
                        Job::Assignment,
                        &runs::Start::by(runs::StartedBy::Schedule),
                        NOW,
                    )
                    .await?;
                    runs::interrupt(session, ours, NOW).await?;
                    let second = record(session, ours, &decision(1)).await?;
                    assert_eq!(runs_below(session, ours, None, 10).await?, [second, first]);
                    assert_eq!(runs_below(session, ours, None, 1).await?, [second]);
                    assert_eq!(runs_below(session, ours, Some(second), 10).await?, [first]);
                    Ok(())
                })
            })
            .await;
        written.expect("written and read");
    });
}
