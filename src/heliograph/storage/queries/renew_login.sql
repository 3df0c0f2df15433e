-- The same login under a new id: what somebody else may have seen of the old one is worth nothing any more.
-- $1 hash, $2 new hash, $3 whether a second factor was shown just now
UPDATE login SET login_hash = $2, second_factor = second_factor OR $3 WHERE login_hash = $1
