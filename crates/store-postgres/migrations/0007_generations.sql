-- Counts what is set of a source: what was prepared under another number is void.

ALTER TABLE source ADD COLUMN generation BIGINT NOT NULL DEFAULT 1;
