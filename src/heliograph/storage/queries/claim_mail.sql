-- The mail that is due first, which nobody else tries until the lease ends.
-- $1 now, $2 end of the lease
UPDATE mail_outbox
SET due_at = $2, tries = tries + 1
WHERE mail_id = (
    SELECT mail_id FROM mail_outbox
    WHERE due_at <= $1 AND given_up_at IS NULL
    ORDER BY due_at
    LIMIT 1
    FOR UPDATE SKIP LOCKED)
RETURNING mail_id, kind, sealed, created_at, tries
