-- The floor of an import on PostgreSQL: the rows are parsed, known to be new, and lie in three CSV files.
CREATE TEMP TABLE parsed (id BIGINT, source_id BIGINT, phone TEXT, phone_typed TEXT, first_name TEXT, last_name TEXT,
    name_key TEXT, email TEXT, country TEXT, tag_bits BIGINT);
CREATE TEMP TABLE parsed_tags (lead_id BIGINT, tag_id BIGINT);
CREATE TEMP TABLE parsed_terms (term TEXT COLLATE "C", lead_id BIGINT);
\copy parsed FROM '{folder}/parsed.csv' (FORMAT csv)
\copy parsed_tags FROM '{folder}/parsed_tags.csv' (FORMAT csv)
\copy parsed_terms FROM '{folder}/parsed_terms.csv' (FORMAT csv)
BEGIN;
INSERT INTO imports (company_id, id, file_name, state, at_ms, finished_at_ms, imported, skipped, errors)
    VALUES ({company}, 1, 'leads.csv', 'done', {at}, {at}, {leads}, 0, 0);
INSERT INTO leads (company_id, id, version, entries, status_id, source_id, import_id, created_at_ms, last_activity_at_ms,
        attempts, owners_before, phone_doubtful, email_doubtful, phone, phone_typed, first_name, last_name, name_key, email, country, tag_bits)
    SELECT {company}, id, 1, 1, {unassigned}, source_id, 1, {at}, {at},
        0, 0, 0, 0, phone, phone_typed, first_name, last_name, name_key, email, country, tag_bits
    FROM parsed;
INSERT INTO lead_events (company_id, lead_id, entry, at_ms, kind, to_status_id)
    SELECT {company}, id, 1, {at}, 'imported', {unassigned} FROM parsed;
INSERT INTO lead_tags (company_id, lead_id, tag_id) SELECT {company}, lead_id, tag_id FROM parsed_tags;
INSERT INTO lead_terms (company_id, term, lead_id) SELECT {company}, term, lead_id FROM parsed_terms ORDER BY term, lead_id;
INSERT INTO status_counts (company_id, status_id, shard, leads) VALUES ({company}, {unassigned}, 1, {leads});
COMMIT;
