-- When an account last blacklisted a number, to ten seconds: what was accepted before is judged again at its claim.
ALTER TABLE account ADD COLUMN blacklisted_at timestamptz;
UPDATE account a
SET blacklisted_at = now()
WHERE EXISTS (SELECT FROM blacklist b WHERE b.account_id = a.account_id);
