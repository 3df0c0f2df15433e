-- An account may have child accounts: own balance, senders, keys and batches, the parent's currency. The
-- parent may read them and act for them; nobody else may.
ALTER TABLE account ADD COLUMN parent_id bigint REFERENCES account;
CREATE INDEX account_parent ON account (parent_id, account_id) WHERE parent_id IS NOT NULL;

CREATE POLICY face_children ON account FOR SELECT TO heliograph_face USING (parent_id =
    nullif(current_setting('heliograph.account', true), '')::bigint);
CREATE POLICY face_children ON balance FOR SELECT TO heliograph_face USING (EXISTS (
    SELECT 1 FROM account c WHERE c.account_id = balance.account_id AND c.parent_id =
        nullif(current_setting('heliograph.account', true), '')::bigint));

-- Kind 5, transfer: credit moved between a parent and its child; two entries that sum to zero. What is there
-- already fits, hence nothing is read again.
ALTER TABLE ledger DROP CONSTRAINT ledger_kind_check;
ALTER TABLE ledger ADD CONSTRAINT ledger_kind_check CHECK (kind BETWEEN 1 AND 5) NOT VALID;
