-- Accounts: second factors, guesses, known places of sessions, resets, single sign-on.
ALTER TABLE sessions ADD COLUMN method TEXT NOT NULL DEFAULT 'password';
ALTER TABLE sessions ADD COLUMN browser TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN network TEXT NOT NULL DEFAULT '';
ALTER TABLE interest_groups ADD COLUMN retired_at TIMESTAMP;

-- The authenticator app's secret, sealed by the keyring; `totp_step` is the last step whose code was used.
CREATE TABLE officer_factors (
    officer_id INTEGER PRIMARY KEY NOT NULL REFERENCES officers (id) ON DELETE CASCADE,
    totp_sealed BLOB,
    totp_step BIGINT NOT NULL,
    totp_at TIMESTAMP,
    pending_sealed BLOB,
    pending_at TIMESTAMP
);

-- For whoever has lost the app; each counts once.
CREATE TABLE recovery_codes (
    id INTEGER PRIMARY KEY NOT NULL,
    officer_id BIGINT NOT NULL REFERENCES officers (id) ON DELETE CASCADE,
    code_digest BLOB NOT NULL,
    created_at TIMESTAMP NOT NULL,
    used_at TIMESTAMP
);
CREATE UNIQUE INDEX recovery_codes_code_digest ON recovery_codes (officer_id, code_digest);

-- Wrong passwords and codes, by an HMAC of what was counted: an account from a network, a known browser, a network.
CREATE TABLE sign_in_tallies (
    tally_key BLOB PRIMARY KEY NOT NULL,
    failures BIGINT NOT NULL,
    last_at TIMESTAMP NOT NULL
);
CREATE INDEX sign_in_tallies_last_at ON sign_in_tallies (last_at);

CREATE TABLE password_resets (
    id INTEGER PRIMARY KEY NOT NULL,
    officer_id BIGINT NOT NULL REFERENCES officers (id) ON DELETE CASCADE,
    token_digest BLOB NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    used_at TIMESTAMP
);
CREATE UNIQUE INDEX password_resets_token_digest ON password_resets (token_digest);
CREATE INDEX password_resets_officer_id ON password_resets (officer_id);

-- Who an officer is at the force's directory.
CREATE TABLE officer_identities (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    officer_id BIGINT NOT NULL REFERENCES officers (id) ON DELETE CASCADE,
    created_at TIMESTAMP NOT NULL,
    last_at TIMESTAMP NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX officer_identities_officer_id ON officer_identities (officer_id);

CREATE INDEX audit_log_officer ON audit_log (officer_id, id);
CREATE INDEX audit_log_action ON audit_log (action, id);
