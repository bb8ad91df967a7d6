-- How a consent was collected, until when it serves, and the codes by which people without a session decide.

ALTER TABLE consent_rows ADD COLUMN expires_at timestamptz;
ALTER TABLE consent_rows ADD COLUMN attested_by text;
ALTER TABLE consent_rows ADD COLUMN form_sha256 text;
ALTER TABLE consent_rows ADD COLUMN objected_at timestamptz;
CREATE INDEX consent_rows_expiry_idx ON consent_rows (expires_at) WHERE status = 'granted';

-- Keyed digests only: whoever reads this table can decide for nobody. One open code a subject.
CREATE TABLE consent_codes (
    subject_id uuid PRIMARY KEY,
    digest text NOT NULL UNIQUE,
    invitation_id uuid NOT NULL,
    invited_by text NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX consent_codes_expiry_idx ON consent_codes (expires_at);

-- At the end of the brief's view: who attested the form and its digest, the end of the period, an objection.
CREATE OR REPLACE VIEW biometric_consent AS
SELECT
    consent_id::text AS consent_id,
    subject_id::text AS user_id,
    purpose AS consent_type,
    status = 'granted' AND (expires_at IS NULL OR expires_at > now()) AS consent_given,
    granted_at AS consent_timestamp,
    withdrawn_at AS consent_withdrawn_at,
    legal_basis,
    'notice ' || notice_version || ', sha256 ' || notice_sha256 AS purpose_description,
    NULL::interval AS data_retention_period,
    status,
    channel,
    withdrawal_reason,
    expires_at AS consent_expires_at,
    attested_by,
    form_sha256,
    objected_at
FROM consent_rows;
