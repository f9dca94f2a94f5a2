-- The floor of an import on SQLite: the rows are parsed, known to be new, and lie in three CSV files.
CREATE TEMP TABLE parsed (id INTEGER PRIMARY KEY, source_id, phone, phone_typed, first_name, last_name, name_key, email, country, tag_bits);
CREATE TEMP TABLE parsed_tags (lead_id, tag_id);
CREATE TEMP TABLE parsed_terms (term TEXT, lead_id INTEGER);
.import --csv --schema temp {folder}/parsed.csv parsed
.import --csv --schema temp {folder}/parsed_tags.csv parsed_tags
.import --csv --schema temp {folder}/parsed_terms.csv parsed_terms
BEGIN IMMEDIATE;
INSERT INTO imports (company_id, id, file_name, state, at_ms, finished_at_ms, imported, skipped, errors)
    VALUES ({company}, 1, 'leads.csv', 'done', {at}, {at}, {leads}, 0, 0);
INSERT INTO leads (company_id, id, version, entries, status_id, source_id, import_id, created_at_ms, last_activity_at_ms,
        attempts, owners_before, phone_doubtful, email_doubtful, phone, phone_typed, first_name, last_name, name_key, email, country, tag_bits)
    SELECT {company}, id, 1, 1, {unassigned}, source_id, 1, {at}, {at},
        0, 0, 0, 0, phone, phone_typed, first_name, last_name, name_key, NULLIF(email, ''), country, tag_bits
    FROM parsed ORDER BY id;
INSERT INTO lead_events (company_id, lead_id, entry, at_ms, kind, to_status_id)
    SELECT {company}, id, 1, {at}, 'imported', {unassigned} FROM parsed ORDER BY id;
INSERT INTO lead_tags (company_id, lead_id, tag_id) SELECT {company}, lead_id, tag_id FROM parsed_tags;
INSERT INTO lead_terms (company_id, term, lead_id) SELECT {company}, term, lead_id FROM parsed_terms ORDER BY term, lead_id;
INSERT INTO status_counts (company_id, status_id, shard, leads) VALUES ({company}, {unassigned}, 1, {leads});
COMMIT;
