-- The floor of the automatic run on SQLite: the plan is known and lies in the table plan (lead_id, owner_id).
BEGIN IMMEDIATE;
UPDATE leads SET owner_id = plan.owner_id, status_id = {assigned}, version = version + 1, entries = entries + 1,
        owners_before = owners_before + 1, owned_since_ms = {at}, owner_chosen_at_ms = NULL, owner_acted_at_ms = NULL,
        last_activity_at_ms = {at}
    FROM plan WHERE leads.company_id = {company} AND leads.id = plan.lead_id;
INSERT INTO lead_events (company_id, lead_id, entry, at_ms, kind, run_id, to_owner_id, from_status_id, to_status_id)
    SELECT {company}, lead_id, 2, {at}, 'assigned', 1, owner_id, {unassigned}, {assigned} FROM plan;
UPDATE queues SET held = held + given.leads, last_received_at_ms = {at}
    FROM (SELECT owner_id, COUNT(*) AS leads FROM plan GROUP BY owner_id) given
    WHERE queues.company_id = {company} AND queues.user_id = given.owner_id;
INSERT INTO status_counts (company_id, status_id, shard, leads)
    VALUES ({company}, {unassigned}, 1, -{leads}), ({company}, {assigned}, 1, {leads})
    ON CONFLICT (company_id, status_id, shard) DO UPDATE SET leads = status_counts.leads + excluded.leads;
COMMIT;
