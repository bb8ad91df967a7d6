-- A stored event has a topic and a state: a row without them could be neither opened nor refused.
ALTER TABLE stored_events ALTER COLUMN topic SET NOT NULL, ALTER COLUMN state SET NOT NULL;
