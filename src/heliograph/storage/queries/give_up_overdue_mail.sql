-- $1 now
UPDATE mail_outbox
SET given_up_at = $1, fault = coalesce(fault, 'never_tried'), sealed = NULL
WHERE ends_at <= $1 AND given_up_at IS NULL
RETURNING mail_id, kind, tries, fault
