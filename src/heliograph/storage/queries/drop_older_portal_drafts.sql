-- $1 account, $2 user, $3 how many of their newest drafts are kept
DELETE FROM portal_draft
WHERE account_id = $1 AND user_id = $2 AND draft_id IN (
    SELECT older.draft_id FROM portal_draft AS older
    WHERE older.account_id = $1 AND older.user_id = $2
    ORDER BY older.created_at DESC, older.draft_id OFFSET $3)
