-- The second try of a segment in doubt, for accounts that want one (account.in_doubt_policy).

ALTER TABLE in_doubt
    ADD COLUMN resend_at   timestamptz,     -- when the account's policy is asked; null once it was
    ADD COLUMN resent_at   timestamptz,     -- when the second try was queued; there is never a third
    ADD COLUMN accepted_at timestamptz;     -- when the carrier accepted it: kept for a receipt of the first

ALTER TABLE bind_lease ADD COLUMN bound_since timestamptz; -- since when bound_at was never far behind

CREATE INDEX in_doubt_resend ON in_doubt (carrier_id, resend_at) WHERE resend_at IS NOT NULL;
