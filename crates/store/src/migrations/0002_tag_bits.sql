-- Which tags a lead may have, in the indexes that lists by last activity and by name go along
-- (docs/decisions/0019): one bit for each, the tag's number modulo 63. A bit that is not there says no; one that is
-- there says look, since several tags share it and a tag that was taken off leaves it behind.
ALTER TABLE leads ADD COLUMN tag_bits BIGINT NOT NULL DEFAULT 0;

-- Before the update, which would write into them.
DROP INDEX leads_activity;
DROP INDEX leads_name;

UPDATE leads SET tag_bits = (
        SELECT CAST(SUM(DISTINCT CAST(1 AS BIGINT) << CAST(t.tag_id % 63 AS INTEGER)) AS BIGINT) FROM lead_tags t
        WHERE t.company_id = leads.company_id AND t.lead_id = leads.id)
    WHERE EXISTS (SELECT 1 FROM lead_tags t WHERE t.company_id = leads.company_id AND t.lead_id = leads.id);

CREATE INDEX leads_activity ON leads (company_id, last_activity_at_ms, id, status_id, owner_id, source_id, branch_id, tag_bits);
CREATE INDEX leads_name ON leads (company_id, name_key, id, source_id, branch_id, tag_bits);
