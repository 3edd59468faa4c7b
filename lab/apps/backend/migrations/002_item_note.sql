-- Expand only: the release before this one goes on working.
ALTER TABLE items ADD COLUMN note text;
